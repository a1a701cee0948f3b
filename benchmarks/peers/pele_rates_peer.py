"""pele's graph transformation (C++), the rate between two nodes of a network in an npz file.

pele is under the GPL-3.0-or-later. Runs in its own environment; prints the mean first-passage time
and seconds as JSON.
"""

import json
import sys
import time

import numpy as np
from pele.rates._ngt_cpp import NGT


def main():
    with np.load(sys.argv[1]) as file:
        start, end, rates, weights = (file[name] for name in ("start", "end", "rates", "weights"))
    constants = {(int(a), int(b)): float(k) for a, b, k in zip(start, end, rates)}
    begin = time.process_time()
    reduction = NGT(constants, [0], [1], weights={0: weights[0], 1: weights[1]})
    reduction.compute_rates()
    seconds = time.process_time() - begin
    print(json.dumps({"mfpt": 1 / reduction.get_rate_AB(), "seconds": seconds}))


if __name__ == "__main__":
    main()
