"""Damage files of atlases in many ways, and tell whether any of them gives a wrong number.

Run as a program of its own, `damage.py FILES [SEED]`, it damages so many files and prints a table; then it
goes on exploring a few damaged files of an exploration.
"""

import collections
import json
import random
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from fakes import FakeLandscape, add, add_states

from lossatlas.analysis import disconnectivity, summary, transition_network
from lossatlas.atlas import Atlas, AtlasError, Quantity, import_pathsample
from lossatlas.exploration import Budget, explore
from lossatlas.landscapes import xor


SECONDS = 60  # after which a file hangs
PAGE, SECTOR = 4096, 512
COLUMNS = ("id", "energy", "rms_gradient", "log_product", "orbit_size", "moments", "hits", "flag", "x")
KINDS = ("sample", "hop", "pair")

# ---- atlases that are whole ----------------------------------------------------------------------


def synthetic(path: Path, batches: int = 4, after: Callable[[Path], object] = id) -> None:
    """Make an atlas with something in every table; `after` sees the file after every transaction."""
    with Atlas(path, FakeLandscape(dimension=12)) as atlas:
        after(path)
        atlas.set_recipe({"landscape": "fake", "hidden": [2, 3]})
        after(path)
        atlas.set_census({"points": [{"index": 0, "energy": 0.1 * i} for i in range(20)], "sum": 1})
        after(path)
        run = atlas.log.start_run({"budget": {"seconds": 3.5}}, 7)
        after(path)
        for batch in range(batches):
            write_batch(atlas, batch, run)
            after(path)
        atlas.log.finish_run(run, 1.5, {"gradients": 30, "hessians": 4})
        after(path)


def write_batch(atlas: Atlas, batch: int, run: int) -> None:
    """Write what an exploration writes: new points, hits of known ones, searches, failures, its state."""
    rng = np.random.default_rng(batch)
    x, energy = rng.normal(size=(12, 12)), 100.0 * batch + np.arange(12) + rng.random(12)
    with atlas.transaction():
        ids, _ = add(atlas, x, energy, hits=1, run=run)
        ends = np.stack([ids, np.roll(ids, 1)], axis=1)
        ends[0] = ids[0], 1
        add_states(atlas, x + 1, energy + 1000, ends, path_length=rng.random(12), run=run)
        atlas.points.add_hit("minima", 1)
        atlas.queue.plan([(batch, KINDS[i % 3], 1 + i % 3, 1 + i % 5, i, 10 * i) for i in range(30)])
        for search in atlas.queue.pending(20):
            atlas.queue.finish(search.id, search.id % 3, int(ids[0]))
        atlas.log.count_failure("pair", "max_steps", 2)
        atlas.log.set_state(
            "exploration",
            {
                "round": batch,
                "phase": "network",
                "quiet": 0,
                "climbs": dict.fromkeys(map(str, range(40)), batch),
            },
        )
        atlas.set_quantity("test_auc", rng.random(len(atlas.minima)), run="evaluate")
        atlas.set_quantity(
            "volume", rng.random(12), ids, error=rng.random(12), run=f"batch {batch}", settings={"n": batch}
        )
        atlas.set_quantity("length", rng.random(5), range(1, 6), kind="transition_state")
        atlas.sets.update({"A": [1, 2], "B": [3, 4 + batch % 5]})


def imported(path: Path) -> None:
    """Make an atlas of a PATHSAMPLE database."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as directory:
        minima = [f"{rng.normal()} {rng.random()} {1 + i % 3} 1.0 2.0 3.5\n" for i in range(40)]
        states = [f"{9 + rng.random()} 1.5 1 {1 + i % 40} {1 + i % 7} 1.0 2.0 3.0\n" for i in range(60)]
        (Path(directory) / "min.data").write_text("".join(minima))
        (Path(directory) / "ts.data").write_text("".join(states))
        import_pathsample(directory, path)


# ---- what a reader sees --------------------------------------------------------------------------


def _columns(table: str) -> Callable[[Atlas], bytes]:
    extra = ("degree", "lowest_eigenvalue") if table == "minima" else ("minima", "path_length")
    return lambda atlas: b"".join(
        np.ascontiguousarray(getattr(atlas, table)[name]).tobytes() for name in (*COLUMNS, *extra)
    )


def _network(atlas: Atlas) -> str:
    if not len(atlas.minima):
        return ""
    network = transition_network(atlas)
    tree = disconnectivity(network)
    arrays = [*vars(network).values(), *vars(tree).values()]
    return repr([values.tolist() for values in arrays if isinstance(values, np.ndarray)])


QUESTIONS: dict[str, Callable[[Atlas], object]] = {
    "minima": _columns("minima"),
    "transition_states": _columns("transition_states"),
    "columns": lambda a: [
        (name, column.tobytes())
        for points in (a.minima, a.transition_states)
        for name, column in points.quantities.items()
    ],
    "quantities": lambda a: [
        (q.name, q.kind, q.ids.tolist(), q.values.tobytes(), q.errors.tobytes(), _calls(q))
        for q in a.quantities
    ],
    "sets": lambda a: {name: ids.tolist() for name, ids in a.sets.items()},
    "settings": lambda a: (a.settings, a.identity, a.dimension, a.modes, a.symmetry_order),
    "recipe": lambda a: a.recipe,
    "census": lambda a: a.census,
    "state": lambda a: a.log.get_state("exploration"),
    "failures": lambda a: a.log.failures,
    "runs": lambda a: [
        {k: v for k, v in run.items() if k not in ("started", "finished")} for run in a.log.runs
    ],
    "counts": lambda a: [a.count("minima"), a.count("transition_states"), a.queue.finished()],
    "pending": lambda a: a.queue.pending(7),
    "last": lambda a: a.queue.last("hop", 5),
    "finished": lambda a: [a.queue.finished(kind) for kind in KINDS],
    "tried": lambda a: a.queue.tried_pairs(),
    "parts": lambda a: (a.component_count, a.components),
    "digest": lambda a: a.digest(),
    "network": _network,
    "show": lambda a: json.dumps(summary(a).to_dict()),
    "check": lambda a: a.check(),
}


def _calls(quantity: Quantity) -> list[tuple[str, object]]:
    """Return which calls wrote which numbers, but not when."""
    return [(quantity.runs[run].call, quantity.runs[run].settings) for run in quantity.run.tolist()]


class Refused(Exception):
    """The file was refused with a sentence."""


def ask(path: Path) -> dict[str, object]:
    """Return the answers to all questions; `Refused` in place of those that the file refuses."""
    answers: dict[str, object] = {}
    try:
        with Atlas(path, readonly=True) as atlas:
            for name, question in QUESTIONS.items():
                try:
                    answers[name] = question(atlas)
                except AtlasError as error:
                    answers[name] = _refusal(error)
    except AtlasError as error:
        return dict.fromkeys(QUESTIONS, _refusal(error))
    return answers


def go_on(path: Path) -> dict[str, object]:
    """Write another batch and return the answers of the file after that."""
    try:
        with Atlas(path, FakeLandscape(dimension=12)) as atlas:
            write_batch(atlas, 9, atlas.log.start_run({}, 8))
    except AtlasError as error:
        return dict.fromkeys(QUESTIONS, _refusal(error))
    return ask(path)


def _refusal(error: AtlasError) -> Refused:
    sentence = str(error)
    assert "\n" not in sentence and sentence.endswith("."), sentence
    return Refused(sentence)


def verdict(answers: dict[str, object], truths: list[dict[str, object]]) -> str:
    """Return refused, right, older (all answers are those of another whole file that went into this one),
    wrong (they are of no whole file) or missed (by `check`)."""
    given = {name: value for name, value in answers.items() if not isinstance(value, Refused)}
    fits = [all(truth[name] == value for name, value in given.items()) for truth in truths]
    if not any(fits):
        return "wrong"
    if len(given) < len(answers):
        return "refused" if isinstance(answers["check"], Refused) else "missed"
    return "right" if fits[-1] else "older"


# ---- kinds of damage -----------------------------------------------------------------------------


def flip_bit(content: bytearray, other: bytes, rng: random.Random) -> None:
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def flip_byte(content: bytearray, other: bytes, rng: random.Random) -> None:
    content[rng.randrange(len(content))] ^= rng.randrange(1, 256)


def flip_bytes(content: bytearray, other: bytes, rng: random.Random) -> None:
    for _ in range(rng.randrange(2, 20)):
        flip_byte(content, other, rng)


def flip_header(content: bytearray, other: bytes, rng: random.Random) -> None:
    content[rng.randrange(min(100, len(content)))] ^= 1 << rng.randrange(8)


def truncate(content: bytearray, other: bytes, rng: random.Random) -> None:
    del content[rng.randrange(len(content)) :]


def drop_pages(content: bytearray, other: bytes, rng: random.Random) -> None:
    del content[PAGE * rng.randrange(len(content) // PAGE) :]


def zero_page(content: bytearray, other: bytes, rng: random.Random) -> None:
    _put(content, PAGE, lambda place: bytes(PAGE), rng)


def zero_sector(content: bytearray, other: bytes, rng: random.Random) -> None:
    _put(content, SECTOR, lambda place: bytes(SECTOR), rng)


def fill_sector(content: bytearray, other: bytes, rng: random.Random) -> None:
    _put(content, SECTOR, lambda place: rng.randbytes(SECTOR), rng)


def copy_page(content: bytearray, other: bytes, rng: random.Random) -> None:
    start = PAGE * rng.randrange(max(1, len(content) // PAGE))
    _put(content, PAGE, lambda place: bytes(content[start : start + PAGE]), rng)


def mix_page(content: bytearray, other: bytes, rng: random.Random) -> None:
    _put(content, PAGE, lambda place: other[place : place + PAGE], rng)


def mix_pages(content: bytearray, other: bytes, rng: random.Random) -> None:
    for place in range(0, len(content), PAGE):
        if rng.random() < 0.5 and other[place : place + PAGE]:
            content[place : place + PAGE] = other[place : place + PAGE]


def _put(content: bytearray, size: int, piece: Callable[[int], bytes], rng: random.Random) -> None:
    place = size * rng.randrange(max(1, len(content) // size))
    new = piece(place)[: len(content) - place]
    content[place : place + len(new)] = new


DAMAGES = [flip_bit, flip_byte, flip_bytes, flip_header, truncate, drop_pages, zero_page, zero_sector]
DAMAGES += [fill_sector, copy_page, mix_page, mix_pages]


# ---- a campaign ----------------------------------------------------------------------------------


class Case:
    """Whole files that are damaged, with what may be read from them.

    - `files`: suffix -> content: "" is the atlas, "-wal" its log.
    - `others`: files like these, of another time or another atlas, that are mixed in.
    - `truths`: answers of all of them, those of the atlas itself last.
    - `gone_on`: the same after another batch was written.
    - `can_go_on`: whether one can be written, not to an import.
    """

    def __init__(self, place: Path, files: dict[str, bytes], others: list[dict[str, bytes]]):
        self.files, self.others = files, others
        self.truths, self.gone_on = [], []
        for content in (*others, files):
            write_files(place / "whole", content)
            self.truths.append(ask(place / "whole"))
            assert not any(isinstance(answer, Refused) for answer in self.truths[-1].values())
            write_files(place / "whole", content)
            self.gone_on.append(go_on(place / "whole"))
        self.can_go_on = not any(isinstance(answer, Refused) for answer in self.gone_on[-1].values())


def write_files(path: Path, files: dict[str, bytes]) -> None:
    for suffix in ("-journal", "-wal", "-shm", "-lock"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    for suffix, content in files.items():
        path.with_name(path.name + suffix).write_bytes(content)


def make_cases(place: Path) -> dict[str, Case]:
    """Return the atlases to be damaged: one explored, one imported, one with a log, as after a kill."""
    logged: list[dict[str, bytes]] = []

    def keep(path: Path) -> None:
        logged.append({s: path.with_name(path.name + s).read_bytes() for s in ("", "-wal")})

    for batches in (3, 4):
        synthetic(place / f"closed{batches}", batches)
    synthetic(place / "logged", 3, keep)
    imported(place / "imported")
    older, newer, rows = [{"": (place / name).read_bytes()} for name in ("closed3", "closed4", "imported")]
    return {
        "explored": Case(place, newer, [older]),
        "imported": Case(place, rows, [older]),
        "logged": Case(place, logged[-1], logged[:-1]),
    }


def campaign(
    place: Path, files: int, seed: int = 0, *, write_share: float = 1.0
) -> dict[tuple[str, str], collections.Counter]:
    """Damage so many files and return how often each verdict was given, by atlas and kind of damage.

    A share of the files is also opened for writing and written to.
    """
    rng = random.Random(seed)
    cases = make_cases(place)
    found: dict[tuple[str, str], collections.Counter] = collections.defaultdict(collections.Counter)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _too_long)
    for i in range(files):
        name = list(cases)[i % 3]
        damage = DAMAGES[(i // 3) % len(DAMAGES)]
        case = cases[name]
        content = {suffix: bytearray(data) for suffix, data in case.files.items()}
        suffix = rng.choice(sorted(content))
        damage(content[suffix], rng.choice(case.others)[suffix], rng)
        label = name + (" file" if suffix == "" and len(content) > 1 else " log" if suffix else "")
        if hasattr(signal, "SIGALRM"):
            signal.alarm(SECONDS)
        try:
            write_files(place / "damaged", content)
            answers = ask(place / "damaged")
            result = verdict(answers, case.truths)
            if case.can_go_on and rng.random() < write_share and result not in ("wrong", "missed"):
                write_files(place / "damaged", content)
                more = go_on(place / "damaged")
                if verdict(more, case.gone_on) in ("wrong", "missed"):
                    result = f"{verdict(more, case.gone_on)} after writing"
        except Exception:
            result = "traceback"
            traceback.print_exc()
        if result.split()[0] in ("wrong", "missed", "traceback"):
            print(f"file {i}: {label}, {damage.__name__}: {result}", file=sys.stderr)
            for kept, data in content.items():
                (place / f"{result.split()[0]}{i}{kept}").write_bytes(data)
        found[label, damage.__name__][result] += 1
    if hasattr(signal, "SIGALRM"):
        signal.alarm(0)
    return found


def continued(place: Path, files: int) -> collections.Counter:
    """Go on exploring so many damaged files; the end is that of a file without damage, or a refusal."""
    landscape, rng, found = xor(1), random.Random(0), collections.Counter()
    explore(landscape, place / "begun", budget=Budget(searches=200)).close()
    begun = (place / "begun").read_bytes()

    def go_on_exploring(content: bytes) -> str:
        write_files(place / "damaged", {"": content})
        try:
            with explore(landscape, place / "damaged", budget=Budget(searches=400)) as atlas:
                return atlas.digest()
        except AtlasError as error:
            return repr(_refusal(error))

    whole = go_on_exploring(begun)
    for i in range(files):
        content = bytearray(begun)
        DAMAGES[i % len(DAMAGES)](content, begun, rng)
        end = go_on_exploring(content)
        found["refused" if end.startswith("Refused") else "right" if end == whole else "wrong"] += 1
    return found


def _too_long(*_: object) -> None:
    raise TimeoutError(f"a file took more than {SECONDS} s")


def print_table(found: dict[tuple[str, str], collections.Counter]) -> None:
    results = ["refused", "right", "older", "wrong", "missed", "traceback"]
    total = collections.Counter()
    print("atlas        | damage      | " + " | ".join(results))
    for (atlas, damage), counts in sorted(found.items()):
        row = [sum(n for name, n in counts.items() if name.split()[0] == result) for result in results]
        print(f"{atlas:12} | {damage:11} | " + " | ".join(f"{n:{len(r)}}" for n, r in zip(row, results)))
        total.update(dict(zip(results, row)))
    print("all: " + ", ".join(f"{total[result]} {result}" for result in results))


def main() -> None:
    warnings.simplefilter("error")
    place = Path(tempfile.mkdtemp())
    found = campaign(
        place, int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, write_share=0.25
    )
    print_table(found)
    print("explorations that went on:", dict(continued(place, 24)))
    shutil.rmtree(place) if not any(place.glob("[wmt]*[0-9]")) else print(f"faults are kept in {place}")


if __name__ == "__main__":
    main()
