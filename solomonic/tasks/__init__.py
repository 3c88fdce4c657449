"""Exams: tasks and suites, where their data come from, and how answers are scored."""

from .defaults import default_learners
from .events import Event, Exam, ExamKind, Lesson, Part, Questions, Study
from .exams import Episodic, Repeat, Sequences, Shifted, Split, Stream
from .frames import Own, own_arrays, own_task
from .generators import generate
from .limits import limited
from .metrics import Metric, default_metrics, metric
from .reading import read_table
from .sources import data_file, sklearn_table, source_table
from .suites import Suite, SuiteSummary, TaskSummary, list_suites, load_suite
from .tables import Table
from .task import Task

__all__ = [
    "Episodic",
    "Event",
    "Exam",
    "ExamKind",
    "Lesson",
    "Metric",
    "Own",
    "Part",
    "Questions",
    "Repeat",
    "Sequences",
    "Shifted",
    "Split",
    "Stream",
    "Study",
    "Suite",
    "SuiteSummary",
    "Table",
    "Task",
    "TaskSummary",
    "data_file",
    "default_learners",
    "default_metrics",
    "generate",
    "limited",
    "list_suites",
    "load_suite",
    "metric",
    "own_arrays",
    "own_task",
    "read_table",
    "sklearn_table",
    "source_table",
]
