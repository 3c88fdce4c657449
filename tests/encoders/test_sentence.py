"""Any model by sentence-transformers, and our own reader held to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from solomonic.encoders import encoder
from solomonic.errors import InputError


@pytest.mark.slow
def test_our_reader_gives_the_vectors_of_sentence_transformers(minilm: object) -> None:
    # In a process of its own: importing transformers raises warnings of its own, which are not ours to mend.
    code = "\n".join(
        [
            "import numpy as np; from solomonic.encoders import encoder",
            "ours = encoder('minilm', dtype='float32'); theirs = encoder(str(ours.folder), dtype='float32')",
            "assert theirs.dimensions == 384 and theirs.fingerprint != ours.fingerprint",
            "texts = ['Hey Mel! Good to see you!', '', 'word ' * 400, 'Ünïcödé 中文', 'What did Caroline research?', chr(0xD800)]",
            "np.testing.assert_allclose(ours.encode(texts), theirs.encode(texts), atol=1e-5)",
            "rounded = encoder(str(ours.folder), dtype='bfloat16').encode(texts[:5])",
            "assert (rounded * ours.encode(texts[:5])).sum(1).min() > 0.999",
            "assert theirs.encode([]).shape == (0, 384)",
            "print('same')",
        ]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "same", done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_folder_without_a_model_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no model"):
        encoder(str(tmp_path))
