"""Suites are found, checked key by key, and built when asked for."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cloudpickle
import numpy as np
import pytest

from solomonic.content import content_folder
from solomonic.errors import DataMissing, InputError, SuiteError, UnknownName
from solomonic.tasks.events import Questions
from solomonic.tasks.exams import Episodic, Repeat, Sequences, Shifted, Split, Stream
from solomonic.tasks.metrics import metric
from solomonic.tasks.settings import EXAM_KEYS, SUITE_KEYS, TASK_KEYS
from solomonic.tasks.suites import list_suites, load_suite
from solomonic.tasks.task import Task

HEAD = '[suite]\ntitle = "Mine"\n'
IRIS = '[[task]]\nname = "a"\nexam = "split"\nsource = "sklearn:iris"\n'

BUNDLED = ["core", "iid", "recall", "sequences"]


def suite(folder: Path, toml: str, name: str = "mine", code: str | None = None) -> Path:
    made = folder / name
    made.mkdir(parents=True, exist_ok=True)
    (made / "suite.toml").write_text(toml)
    if code is not None:
        (made / "task.py").write_text(code)
    return made


def tasks(folder: Path, toml: str, limit: int | None = None, code: str | None = None) -> list[Task]:
    suite(folder, toml, code=code)
    return load_suite("mine", suite_path=[folder]).tasks(limit=limit)


# what comes with the project


def test_the_core_suite_holds_the_six_exams_it_promises() -> None:
    core = load_suite("core")
    made = core.tasks()
    assert core.budget_s == 60
    assert [(task.name, task.exam.kind, task.info.y_type, len(task.info.choices)) for task in made] == [
        ("digits", "split", "class", 10),
        ("breast_cancer", "split", "class", 2),
        ("diabetes", "split", "number", 0),
        ("digits_shifted", "stream", "class", 10),
        ("digits_again", "repeat", "class", 10),
        ("binary_sequences", "sequence", "symbol", 2),
    ]
    assert all(task.suite == "core" and task.learners and task.title for task in made)
    assert [task.seeds for task in made] == [3, 3, 3, 1, 3, 1]
    shifted = made[3].exam
    assert isinstance(shifted, Shifted)
    assert shifted.study_every == 200
    assert [task.info.resample_by for task in made] == ["question", "question", "question", "block", "group", "sequence"]


def test_the_core_sequences_are_eight_of_length_256_and_three_to_rehearse() -> None:
    exam = load_suite("core").tasks()[-1].exam
    assert isinstance(exam, Sequences)
    assert list(exam.sequences) == ["zeros", "alternating", "thue_morse", "fibonacci_word", "paperfolding", "primes", "markov", "coin"]
    assert list(exam.rehearsal) == ["period_three", "period_doubling", "markov_rehearsal"]
    assert {len(symbols) for symbols in (*exam.sequences.values(), *exam.rehearsal.values())} == {256}


def test_building_core_twice_gives_the_same_exams() -> None:
    assert [task.fingerprint() for task in load_suite("core").tasks()] == [task.fingerprint() for task in load_suite("core").tasks()]


def test_core_tasks_survive_the_way_to_a_worker() -> None:
    for task in load_suite("core").tasks(limit=100):
        assert cloudpickle.loads(cloudpickle.dumps(task)).fingerprint() == task.fingerprint()


def test_iid_has_the_twelve_tables(data: Path) -> None:
    made = {task.name: task for task in load_suite("iid").tasks()}
    assert len(made) == 12
    assert all(task.seeds == 5 and task.exam.kind == "split" and task.info.resample_by == "question" for task in made.values())
    assert {name for name, task in made.items() if task.info.y_type == "number"} == {"abalone", "wine_quality"}
    exams = {name: task.exam for name, task in made.items()}
    sizes = {name: len(exam.observations) for name, exam in exams.items() if isinstance(exam, Split)}
    assert sizes["adult"] == 4_000
    assert sizes["iris"] == 150
    assert made["glass"].info.choices == (1, 2, 3, 5, 6, 7)
    ljubljana = exams["breast_cancer_ljubljana"]
    assert isinstance(ljubljana, Split)
    assert made["breast_cancer_ljubljana"].info.choices == ("no-recurrence-events", "recurrence-events")
    assert not any("'" in str(value) for observation in ljubljana.observations for value in (*observation.x, observation.y))
    assert sum(column.missing for column in made["breast_cancer_ljubljana"].info.columns) == 9
    adult = exams["adult"]
    assert isinstance(adult, Split)
    assert Counter(o.y for o in adult.observations)[">50K"] / 4_000 == pytest.approx(7_841 / 32_561, abs=0.001)
    for place, column in enumerate(made["adult"].info.columns):
        assert column.missing == sum(o.x[place] is None for o in adult.observations)


@pytest.mark.parametrize("folder", ["", "elsewhere"])
def test_without_its_data_iid_says_which_variable_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str) -> None:
    monkeypatch.setenv("SOLOMONIC_DATA", str(tmp_path / folder) if folder else "")
    with pytest.raises(DataMissing, match=r"tables/abalone\.csv .*SOLOMONIC_DATA"):
        load_suite("iid").tasks()
    assert [one.name for one in list_suites()] == BUNDLED


def test_listing_suites_imports_nothing_heavy() -> None:
    code = (
        "from solomonic.tasks.suites import list_suites; import sys; print([s.name for s in list_suites()], "
        "[m for m in ('sklearn', 'pandas', 'scipy', 'numba', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert done.stdout.strip() == f"{BUNDLED} []"


def test_bundled_content_has_its_readme_that_says_what_it_is() -> None:
    for kind, engine in (("tasks", "solomonic.tasks"), ("memory", "solomonic.memory")):
        first = (content_folder(kind) / "README.md").read_text().splitlines()[0]  # type: ignore[arg-type]
        assert "content, not a Python package" in first
        assert engine in first


def test_every_key_is_documented() -> None:
    page = Path(__file__).parents[2] / "docs" / "suites.md"
    documented = set(re.findall(r"`([A-Za-z_0-9]+)`", page.read_text()))
    keys = {*SUITE_KEYS, *TASK_KEYS, *(key for keys in EXAM_KEYS.values() for key in keys)}
    assert keys - documented == set()


# finding


def test_a_folder_of_suites_and_a_suite_itself_can_be_named(tmp_path: Path) -> None:
    inner = suite(tmp_path, HEAD + IRIS)
    for path in (tmp_path, str(tmp_path), inner):
        assert load_suite("mine", suite_path=[path]).title == "Mine"
        assert [one.name for one in list_suites([path])] == sorted([*BUNDLED, "mine"])
    assert load_suite("mine", suite_path=[tmp_path, inner]).folder == inner.resolve()


def test_the_summary_names_the_tasks(tmp_path: Path) -> None:
    suite(tmp_path, HEAD + IRIS + 'title = "Which iris"\n')
    (summary,) = (one for one in list_suites([tmp_path]) if one.name == "mine")
    (line,) = summary.tasks
    assert (summary.size, line.name, line.exam, line.title, line.source) == (1, "a", "split", "Which iris", "sklearn:iris")
    assert not summary.has_code


def test_unknown_suites_and_wrong_paths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown suite 'cor'; did you mean core"):
        load_suite("cor")
    with pytest.raises(SuiteError, match="not a folder"):
        load_suite("core", suite_path=[tmp_path / "none"])
    with pytest.raises(SuiteError, match="holds no suite"):
        load_suite("core", suite_path=[tmp_path])


def test_two_suites_of_one_name_are_refused(tmp_path: Path) -> None:
    suite(tmp_path, HEAD + IRIS, name="core")
    with pytest.raises(SuiteError, match="two suites called 'core'"):
        load_suite("core", suite_path=[tmp_path])


# suite.toml


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[suite\n", "is not TOML"),
        (IRIS, r"\[suite\] has no title"),
        ("[suite]\ntitel = 'x'\n", r"\[suite\] has the unknown key 'titel'; did you mean 'title'"),
        (HEAD + "budget_s = 0\n", "budget_s is 0"),
        (HEAD + "seeds = 0\n", "seeds is 0"),
        (HEAD + "seeds = true\n", "seeds is True; give a whole number"),
        (HEAD + "[tasks]\n", "unknown key 'tasks'; did you mean 'task'"),
        ("task = [1]\n" + HEAD, "not a table"),
        (HEAD + IRIS + "sorce = 'x'\n", "task 'a' has the unknown key 'sorce'; did you mean 'source'"),
        (HEAD + IRIS + "seeds = 'five'\n", "seeds is 'five'; give a whole number"),
        (HEAD + IRIS + "seeds = 0\n", "seeds is 0"),
        (HEAD + IRIS + "learners = []\n", "learners must be a list of names"),
        (HEAD + IRIS + "metrics = [1]\n", "metrics must be a list of names"),
        (HEAD + IRIS + "metrics = ['acuracy']\n", "unknown metric 'acuracy'; did you mean accuracy"),
        (HEAD + IRIS + "metrics = ['rmse']\n", "rmse cannot score answers of type class"),
        (HEAD + IRIS + "exam_options = { fold = 3 }\n", "of a split has the unknown key 'fold'; did you mean 'folds'"),
        (HEAD + IRIS + "exam_options = { folds = 'x' }\n", "folds is 'x'"),
        (HEAD + IRIS + "exam_options = { folds = 1 }\n", "folds is 1"),
        (HEAD + IRIS + "header = false\n", "takes no 'header'"),
        (HEAD + IRIS + "length = 3\n", "length has no meaning beside a source"),
        (HEAD + IRIS + "generator = 'zeros'\n", "takes a source and no generator"),
        (HEAD + IRIS.replace('"a"', '"a b"'), "a name is made of"),
        (HEAD + IRIS.replace("split", "splot"), "exam is 'splot'; did you mean 'split'"),
        (HEAD + IRIS.replace("iris", "irish"), "unknown scikit-learn set 'irish'; did you mean iris"),
        (HEAD + IRIS.replace("sklearn:iris", "iris"), "of no known kind"),
        (HEAD + IRIS.replace('source = "sklearn:iris"', ""), "takes a source"),
        (HEAD + IRIS.replace('exam = "split"', ""), "has no exam"),
        (HEAD + IRIS + IRIS, "two tasks called 'a'"),
        (HEAD, "has no task"),
        (HEAD + IRIS.replace("split", "repeat") + "exam_options = { swap = ['setosa', 'rose'] }\n", "swap is"),
        (HEAD + IRIS.replace("iris", "diabetes").replace("split", "episodic"), "asks for classes"),
        (HEAD + '[[task]]\nname = "s"\nexam = "sequence"\ngenerator = "zeros"\n', "has no length"),
        (
            HEAD + '[[task]]\nname = "s"\nexam = "sequence"\nlength = 9\ngenerator = "zeroes"\n',
            "unknown generator 'zeroes'; did you mean zeros",
        ),
        (
            HEAD + '[[task]]\nname = "s"\nexam = "sequence"\nlength = 9\ngenerator = ["zeros", "zeros"]\n',
            "two sequences are called 'zeros'",
        ),
        (
            HEAD + '[[task]]\nname = "s"\nexam = "sequence"\nlength = 9\ngenerator = "zeros"\nsource = "x"\n',
            "takes a generator and no source",
        ),
        (HEAD + '[[task]]\nname = "s"\nexam = "sequence"\nlength = 9\ngenerator = { name = "x" }\n', "is no generator"),
        (
            HEAD + '[[task]]\nname = "s"\nexam = "sequence"\nlength = 9\ngenerator = { generator = "markov", order = 1, p = "x" }\n',
            "markov",
        ),
        (
            HEAD + '[[task]]\nname = "s"\nexam = "sequence"\nlength = 9\ngenerator = { generator = "coin", seed = -1 }\n',
            "seed of 'coin' is -1",
        ),
        (HEAD + IRIS.replace("sklearn:iris", "file:none.csv") + "target = 'y'\n", "does not exist"),
        (HEAD + IRIS.replace("sklearn:iris", "file:suite.toml"), "needs a target"),
    ],
)
def test_a_suite_that_cannot_be_played_says_why_in_one_line(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(SuiteError, match=said) as caught:
        tasks(tmp_path, toml)
    assert "\n" not in str(caught.value)


def test_every_exam_can_be_asked_for_with_its_options(tmp_path: Path) -> None:
    made = tasks(
        tmp_path,
        HEAD
        + """seeds = 7
[[task]]
name = "split"
exam = "split"
exam_options = { folds = 3, stratify = false }
source = "sklearn:iris"
metrics = ["f1", "accuracy"]
learners = ["nearest"]
seeds = 2
together = true
limit = 90
[[task]]
name = "stream"
exam = "stream"
exam_options = { study_every = 10, delay = 2, opening = 0.5 }
source = "sklearn:wine"
[[task]]
name = "shifted"
exam = "stream"
exam_options = { shift_labels = true }
source = "sklearn:wine"
[[task]]
name = "repeat"
exam = "repeat"
exam_options = { swap = ["setosa", "virginica"], noise = 0.1, corrected = 4, asked = 6, folds = 4 }
source = "sklearn:iris"
[[task]]
name = "episodic"
exam = "episodic"
exam_options = { ways = 3, shots = 2, episodes = 11 }
source = "sklearn:digits"
[[task]]
name = "sequence"
exam = "sequence"
length = 20
generator = { generator = "markov", name = "weather", order = 1, p = [0.2, 0.7] }
rehearsal = "coin"
""",
    )
    split, stream, shifted, repeat, episodic, sequence = (task.exam for task in made)
    assert isinstance(split, Split)
    assert (split.folds, split.stratify, len(split.observations)) == (3, False, 90)
    assert (made[0].info.metrics, made[0].learners, made[0].seeds, made[0].info.together) == (("f1", "accuracy"), ("nearest",), 2, True)
    assert made[1].seeds == 7
    assert type(stream) is Stream
    assert (stream.study_every, stream.delay, stream.opening) == (10, 2, 0.5)
    assert isinstance(shifted, Shifted)
    assert shifted.study_every == 50
    assert isinstance(repeat, Repeat)
    assert (repeat.swap, repeat.noise, repeat.corrected, repeat.asked, repeat.folds) == (("setosa", "virginica"), 0.1, 4, 6, 4)
    assert isinstance(episodic, Episodic)
    assert (episodic.ways, episodic.shots, episodic.episodes) == (3, 2, 11)
    assert isinstance(sequence, Sequences)
    assert [*sequence.sequences, *sequence.rehearsal] == ["weather", "coin"]
    for task in made:
        assert task.learners
        assert all(task.info.y_type in metric(name).y_types for name in task.info.metrics)
        assert any(isinstance(event, Questions) for event in task.exam.events(seed=0))


def test_files_beside_the_suite_are_read_with_their_options(tmp_path: Path) -> None:
    folder = suite(tmp_path, "")
    rng = np.random.default_rng(0)
    lines = [f"{i},u{i},{rng.random():.3f},{'some words here ' + str(i)},{'gh'[i // 20]},{i * 7 % 41},{'xy'[i % 2]}" for i in range(40)]
    (folder / "mine.csv").write_text("n,key,v,t,g,when,y\n" + "\n".join(lines))
    toml = '[[task]]\nname = "{0}"\nexam = "{1}"\nsource = "file:mine.csv"\ntarget = "y"\nid = "key"\ndrop = ["n"]\ntext = ["t"]\n'
    split, stream = tasks(
        tmp_path, HEAD + toml.format("grouped", "split") + 'group = "g"\n' + toml.format("timed", "stream") + 'time = "when"\nlimit = 10\n'
    )
    assert isinstance(split.exam, Split)
    assert (split.exam.folds, split.info.resample_by, split.exam.observations[0].id) == (2, "group", "u0")
    assert [(column.name, column.kind) for column in split.info.columns] == [("v", "number"), ("t", "text"), ("when", "number")]
    assert isinstance(stream.exam, Stream)
    assert [o.at for o in stream.exam.observations] == list(map(float, range(10)))


def test_groups_have_no_place_in_a_repeat(tmp_path: Path) -> None:
    folder = suite(tmp_path, "")
    (folder / "mine.csv").write_text("g,v,y\n" + "\n".join(f"{i % 5},{i % 7},{'xy'[i % 2]}" for i in range(40)))
    toml = '[[task]]\nname = "a"\nexam = "repeat"\nsource = "file:mine.csv"\ntarget = "y"\ngroup = "g"\n'
    with pytest.raises(SuiteError, match="has no groups"):
        tasks(tmp_path, HEAD + toml)


# task.py

CODE = """
from __future__ import annotations
from dataclasses import dataclass
import numpy as np
from solomonic.records import Observation, TaskInfo
from solomonic.tasks import Split, Task

@dataclass(frozen=True)
class Clouds(Split):
    note: str = "of its own kind"

def tasks():
    items = tuple(Observation(str(i), np.array([i % 2, i / 40]), i % 2) for i in range(40))
    yield Task(TaskInfo("clouds", "vector", "class", (0, 1), ("accuracy",)), Clouds(items), learners=("nearest",))
"""


def test_code_adds_its_tasks_and_leaves_no_trace(tmp_path: Path) -> None:
    before = list(sys.path), {name for name in sys.modules if "suite" in name}
    made = tasks(tmp_path, HEAD + IRIS, code=CODE)
    assert [(task.name, task.suite) for task in made] == [("a", "mine"), ("clouds", "mine")]
    assert (list(sys.path), {name for name in sys.modules if "suite" in name}) == before


def test_what_code_defines_reaches_a_process_that_cannot_import_it(tmp_path: Path) -> None:
    (task,) = tasks(tmp_path, HEAD, code=CODE)
    path = tmp_path / "task.pickle"
    path.write_bytes(cloudpickle.dumps(task))
    read = f"import pickle; task = pickle.load(open({str(path)!r}, 'rb')); print(task.fingerprint(), task.exam.note, len(list(task.exam.events(seed=0))))"
    done = subprocess.run([sys.executable, "-c", read], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert done.stdout.split() == [task.fingerprint(), "of", "its", "own", "kind", "3"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1\n", "has no function tasks"),
        ("def tasks():\n    return [1]\n", "gave a int"),
        ("def tasks():\n    return 1 / 0\n", "task.py line 2 raised ZeroDivisionError"),
        ("import no_such_module\n", "line 1 raised ModuleNotFoundError"),
        ("def tasks(:\n", "raised SyntaxError"),
    ],
)
def test_code_that_fails_says_where(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(SuiteError, match=said):
        tasks(tmp_path, HEAD, code=code)


def test_listing_does_not_run_code(tmp_path: Path) -> None:
    suite(tmp_path, HEAD, code="raise SystemExit\n")
    (summary,) = (one for one in list_suites([tmp_path]) if one.name == "mine")
    assert summary.has_code


# limits


def test_a_limit_keeps_fair_samples_beginnings_and_choices() -> None:
    made = {task.name: task for task in load_suite("core").tasks(limit=100)}
    whole = {task.name: task for task in load_suite("core").tasks()}
    digits, again, shifted, sequences = (made[name].exam for name in ("digits", "digits_again", "digits_shifted", "binary_sequences"))
    assert isinstance(digits, Split)
    assert isinstance(again, Repeat)
    assert isinstance(shifted, Shifted)
    assert isinstance(sequences, Sequences)
    for exam in (digits, again, shifted):
        counts = Counter(o.y for o in exam.observations)
        assert len(exam.observations) == 100
        assert set(counts) == set(range(10))
        assert max(counts.values()) - min(counts.values()) <= 2
    full = whole["binary_sequences"].exam
    assert isinstance(full, Sequences)
    assert sequences.sequences == {name: symbols[:12] for name, symbols in full.sequences.items()}
    assert [task.info.choices for task in made.values()] == [task.info.choices for task in whole.values()]


def test_a_generous_limit_changes_nothing() -> None:
    for small, whole in zip(load_suite("core").tasks(limit=10_000), load_suite("core").tasks(), strict=True):
        assert small.fingerprint() == whole.fingerprint()


@pytest.mark.parametrize(("limit", "said"), [(0, "limit is 0"), (-3, "limit is -3"), (4, "task 'digits' is too small")])
def test_limits_that_leave_no_exam_are_refused(limit: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_suite("core").tasks(limit=limit)


def test_episodes_and_streams_are_limited_from_the_front(tmp_path: Path) -> None:
    episodic, stream = tasks(
        tmp_path,
        HEAD
        + IRIS.replace('"a"', '"e"').replace("split", "episodic")
        + "exam_options = { ways = 2 }\n"
        + IRIS.replace('"a"', '"s"').replace("split", "stream"),
        limit=30,
    )
    assert isinstance(episodic.exam, Episodic)
    assert isinstance(stream.exam, Stream)
    assert episodic.exam.episodes == 30
    assert [o.id for o in stream.exam.observations] == [str(i) for i in range(30)]
