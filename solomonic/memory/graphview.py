"""The graph for people: a networkx.MultiDiGraph of records, entities and facts, with the evidence on every edge.

Nodes     a record by its id; an entity as "name:ann", "date:2023-05-07", "number:5 km", "duration:3 years". `kind`; `label`, as first written.
Edges     record -mentions-> entity                     the bytes that mention it
          record -follows-> record                      the one before it in the same session
          entity -near-> entity                         the bytes from one mention to the other
          entity -(a relation's words)-> entity         a pattern in a text, or a fact of the log with its id, its times and who asserted it

Every edge has `record` (an id), `span` (bytes of that record) and `source` ("rules", "order", "pattern", or a fact's own).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .adjacency import NEAR_BYTES, NEXT
from .coreference import Entities
from .graphtable import KINDS, Table
from .log import Log
from .names import normal
from .record import Stored

if TYPE_CHECKING:
    import networkx

LABEL_CHARACTERS: Final = 60
_CLASS: Final = {"n": "name", "d": "date", "q": "number", "t": "duration"}


def view(log: Log, table: Table, entities: Entities, *, at: float | None, known_at: float | None) -> networkx.MultiDiGraph[Any]:
    """Return the graph as it stood.

    at: only what had happened and was true then. known_at: only what had been learned by then. What counts as a name, and which forms are the
    same, is decided by all that the store holds now.
    """
    import networkx

    graph: networkx.MultiDiGraph[Any] = networkx.MultiDiGraph()
    shown = _records(graph, log, table, at, known_at)
    drawing = _Drawing(graph, table, entities, shown)
    drawing.follows()
    drawing.mentions()
    drawing.relations()
    for fact in log.facts(at, known_at):
        if fact.record not in graph:
            continue
        ends = [drawing.thing(text) for text in (fact.subject, fact.object)]
        known = {"fact": fact.id, "valid": fact.valid, "recorded": fact.recorded}
        graph.add_edge(*ends, key=fact.id, relation=fact.relation, record=fact.record, span=fact.span, source=fact.source, **known)
        for end in ends:
            graph.add_edge(
                fact.record, end, key=f"mentions {fact.id}", relation="mentions", record=fact.record, span=fact.span, source=fact.source
            )
    return graph


def _records(graph: Any, log: Log, table: Table, at: float | None, known_at: float | None) -> dict[int, Stored]:
    """Add the records that are to be seen; return place in the table -> record."""
    place_of = {seq: place for place, seq in enumerate(table.rows("records")["seq"].tolist())}
    shown: dict[int, Stored] = {}
    for record in log.indexable():
        since, until = record.valid or (None, None)
        if at is not None and (
            (record.at is not None and record.at > at) or (since is not None and since > at) or (until is not None and until <= at)
        ):
            continue
        if record.seq in place_of and (known_at is None or record.recorded <= known_at):
            shown[place_of[record.seq]] = record
            label = " ".join(record.readable[: 2 * LABEL_CHARACTERS].split())[:LABEL_CHARACTERS]
            graph.add_node(record.id, kind="record", label=label, session=record.session, speaker=record.speaker, at=record.at)
    return shown


class _Drawing:
    """The graph while its edges are added."""

    def __init__(self, graph: Any, table: Table, entities: Entities, shown: dict[int, Stored]) -> None:
        self.graph, self.table, self.entities, self.shown = graph, table, entities, shown

    def follows(self) -> None:
        """Tie each record to the one before it in its session."""
        last: dict[int, Stored] = {}
        for place, session in enumerate(self.table.rows("records")["session"].tolist()):
            record = self.shown.get(place)
            if record is None or session < 0:
                continue
            if session in last:
                span = (0, len(record.data))
                self.graph.add_edge(
                    record.id, last[session].id, key="follows", relation="follows", record=record.id, span=span, source="order"
                )
            last[session] = record

    def mentions(self) -> None:
        """Tie records to what they mention, and mentions that stand near each other."""
        rows, of_mention = self.table.rows("mentions"), self.entities.of_mention.tolist()
        columns = zip(
            rows["record"].tolist(), of_mention, self.entities.start.tolist(), rows["end"].tolist(), rows["kind"].tolist(), strict=True
        )
        recent: list[tuple[int, int, str, int, int]] = []
        for place, entity, start, end, kind in columns:
            record = self.shown.get(place)
            if record is None or entity < 0:
                continue
            node = self.entity(entity, record, start, end)
            what = KINDS[kind]
            self.graph.add_edge(
                record.id,
                node,
                key=f"mentions {what} {start}",
                relation="mentions",
                record=record.id,
                span=(start, end),
                source="rules",
                kind=what,
            )
            if what == "speaker":
                continue
            recent = [past for past in recent[-NEXT:] if past[0] == place]
            for _, other, near, first, last in recent:
                if other != entity and start - last <= NEAR_BYTES:
                    self.graph.add_edge(
                        near, node, key=f"near {record.id} {first}", relation="near", record=record.id, span=(first, end), source="rules"
                    )
            recent.append((place, entity, node, start, end))

    def relations(self) -> None:
        """Tie what a text relates by one of the patterns."""
        rows = self.table.rows("relations")
        for row, subject, thing in zip(rows, self.entities.subjects.tolist(), self.entities.objects.tolist(), strict=True):
            record = self.shown.get(int(row["record"]))
            if record is None or subject < 0 or thing < 0:
                continue
            label, span = self.table.labels.texts[row["label"]], (int(row["start"]), int(row["end"]))
            ends = (self.entity(subject), self.entity(thing))
            self.graph.add_edge(*ends, key=f"{label} {record.id} {span[0]}", relation=label, record=record.id, span=span, source="pattern")

    def entity(self, number: int, record: Stored | None = None, start: int = 0, end: int = 0) -> str:
        """Return the node of an entity; a new one is named as the record writes it."""
        key = self.entities.keys[number]
        node = f"{_CLASS[key[0]]}:{key[2:]}"
        if node not in self.graph:
            label = key[2:]
            if record is not None:
                label = record.data[start:end].decode("utf-8", "replace") if end > start else record.speaker or label
            self.graph.add_node(node, kind=_CLASS[key[0]], label=label)
        return node

    def thing(self, text: str) -> str:
        """Return the node of what a fact names."""
        number = self.table.keys.find(f"n:{normal(text)}")
        entity = int(self.entities.of_key[number]) if number >= 0 else -1
        if entity >= 0:
            return self.entity(entity)
        node = f"name:{normal(text) or text}"
        if node not in self.graph:
            self.graph.add_node(node, kind="name", label=text)
        return node
