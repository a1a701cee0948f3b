"""Where the time of one whole exploration goes: compilation, each kind of search, everything else.

    python benchmarks/exploration_profile.py [--hidden 10] [--items 1000] [--seconds 120] [--cold]

LJAT3 D1 with two inputs, lam 1e-4. `--cold` ignores the compiled programs of earlier runs.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--hidden", type=int, default=10)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    if options.cold:
        os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "0"
    begin = time.perf_counter()
    import lossatlas
    from lossatlas.searches import _driver

    spent: dict[str, list[float]] = {}

    def timed(function, label):
        def wrapped(search, *arguments, **named):
            start = time.perf_counter()
            result = function(search, *arguments, **named)
            row = spent.setdefault(label(search), [0, 0.0])
            row[0] += 1
            row[1] += time.perf_counter() - start
            return result

        return wrapped

    name = lambda search: getattr(search, "__name__", type(search).__name__).strip("_")
    data = lossatlas.datasets.ljat3("D1", items=2 * options.items).split(0.5)[0]
    landscape = lossatlas.Perceptron(data.inputs, data.targets, hidden=[options.hidden], l2=1e-4)
    original = _driver.run_batch
    _driver._compile = timed(_driver._compile, lambda search: f"compile {name(search)}")
    batch = timed(original, name)
    assert lossatlas.explore  # imports the modules that use the driver
    for module in list(sys.modules.values()):
        if getattr(module, "run_batch", None) is original:
            module.run_batch = batch
    imported = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        budget = lossatlas.Budget(seconds=options.seconds)
        with lossatlas.explore(landscape, Path(folder) / "a.atlas", budget=budget) as atlas:
            total = time.perf_counter() - imported
            minima, states = len(atlas.minima), len(atlas.transition_states)
            print(f"{minima} minima, {states} transition states, {atlas.component_count} parts")
            print(f"{atlas.queue.finished()} searches, failures {atlas.log.failures}")
    compiling = sum(seconds for label, (_, seconds) in spent.items() if label.startswith("compile"))
    print(f"{'import and data':34s}{imported - begin:9.1f} s")
    print(f"{'exploration':34s}{total:9.1f} s")
    for label, (calls, seconds) in sorted(spent.items(), key=lambda item: -item[1][1]):
        own = seconds
        if not label.startswith("compile"):
            own -= spent.get(f"compile {label}", [0, 0.0])[1]
        print(f"  {label:32s}{own:9.1f} s{100 * own / total:7.1f} %{calls:8d} calls")
    searching = sum(seconds for label, (_, seconds) in spent.items() if not label.startswith("compile"))
    print(f"  {'all compilation':32s}{compiling:9.1f} s{100 * compiling / total:7.1f} %")
    rest = total - searching
    print(f"  {'planning, identity, atlas':32s}{rest:9.1f} s{100 * rest / total:7.1f} %")


if __name__ == "__main__":
    main()
