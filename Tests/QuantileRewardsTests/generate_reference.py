"""Writes reference.json: values of Ogive's functions computed by SciPy and mpmath.

Run it only to add cases: python generate_reference.py (needs scipy 1.17 and mpmath 1.3).
Each case has the SQL function's name, its arguments, the column of the answer where there are
several, and the value. Infinite values are written as text.
"""

import json
import math
import pathlib

import mpmath
import numpy
from scipy import stats

mpmath.mp.dps = 50
cases = []


def case(function, arguments, value, field=None):
    value = float(value)
    shown = value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    cases.append({"function": function, "arguments": arguments, "field": field, "value": shown})


def beta_quantile(p, a, b):
    """SciPy's; for small parameters, where it is quick, refined in 50 digits."""
    x = mpmath.mpf(float(stats.beta.ppf(p, a, b)))
    if a + b > 300:
        return x
    a, b = mpmath.mpf(a), mpmath.mpf(b)
    for _ in range(4):
        density = x ** (a - 1) * (1 - x) ** (b - 1) / mpmath.beta(a, b)
        x -= (mpmath.betainc(a, b, 0, x, regularized=True) - mpmath.mpf(p)) / density
    return x


def beta_cdf(x, a, b):
    """In 50 digits for small parameters, else SciPy's."""
    if a + b > 300:
        return stats.beta.cdf(x, a, b)
    return mpmath.betainc(a, b, 0, x, regularized=True)


def normal_quantile(p):
    return mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(p) - 1)


for p in [1e-300, 1e-30, 1e-12, 1e-5, 0.001, 0.025, 0.07, 0.075, 0.3, 0.5, 0.8, 0.925, 0.975,
          0.99999, 1 - 1e-12]:
    # SciPy's is exact for tiny p, where 2p - 1 would need 300 digits.
    case("normal_quantile", [p], stats.norm.ppf(p) if p < 1e-20 else normal_quantile(p))

for a, b in [(0.5, 0.5), (0.5, 32.5), (1, 1), (3.5, 29.5), (16.5, 16.5), (200.5, 56.5),
             (1000.5, 24.5), (50000, 50001)]:
    for x in [1e-8, 0.003, 0.1, 0.4987, 0.5, 0.77, 0.999]:
        case("beta_cdf", [x, a, b], beta_cdf(x, a, b))
    for p in [0.005, 0.025, 0.5, 0.9, 0.975]:
        case("beta_quantile", [p, a, b], beta_quantile(p, a, b))

for n in [1, 2, 8, 32, 100, 1000, 100000]:
    for k in sorted({0, 1, n // 3, n // 2, n - 1, n}):
        for level in [0.5, 0.95, 0.99]:
            wilson = stats.binomtest(k, n).proportion_ci(level, method="wilson")
            case("share_interval", [k, n, level, "wilson"], wilson.low, "lower")
            case("share_interval", [k, n, level, "wilson"], wilson.high, "upper")
            tail = (1 - level) / 2
            low = 0 if k == 0 else beta_quantile(tail, k + 0.5, n - k + 0.5)
            high = 1 if k == n else beta_quantile(1 - tail, k + 0.5, n - k + 0.5)
            case("share_interval", [k, n, level, "jeffreys"], low, "lower")
            case("share_interval", [k, n, level, "jeffreys"], high, "upper")

for n in [1, 32, 1000]:
    for level in [0.5, 0.95]:
        case("band_half_width", [n, level],
             mpmath.sqrt(mpmath.log(2 / (1 - mpmath.mpf(level))) / (2 * n)))

random = numpy.random.default_rng(7)
tables = [[0.25], [1.0, 1.0, 1.0], [-1.0, 0.5, 0.5, 2.0],
          sorted(random.normal(size=10).round(3).tolist()),
          sorted(random.normal(3, 40, size=33).round(2).tolist()),
          sorted(random.integers(0, 4, size=64).astype(float).tolist()),
          sorted(random.exponential(size=80).round(3).tolist())]
for table in tables:
    array = numpy.array(table)
    n = len(table)
    _, groups = numpy.unique(array, return_counts=True)
    case("effective_count", [table], n * n / float((groups.astype(float) ** 2).sum()))
    case("mean_value", [table], mpmath.fsum(table) / n, "value")
    if n > 1:
        case("mean_value", [table], stats.sem(array), "standard_error")
    for reward in [table[0], table[n // 2], table[-1], table[0] - 1, table[-1] + 1, 0.5]:
        q = stats.percentileofscore(array, reward, kind="weak") / 100
        k = int((array <= reward).sum())
        assert abs(q - k / n) < 1e-12
        case("quantile_reward", [table, reward], k / n)
        case("quantile_reward", [table, reward, "mid"],
             (k + int((array < reward).sum())) / (2 * n))
        case("smoothed_quantile_reward", [table, reward], (k + 1) / (n + 2))
        case("quantile_standard_error", [table, reward],
             mpmath.sqrt(mpmath.mpf(k) / n * (1 - mpmath.mpf(k) / n) / n))
    for beta in [0.01, 0.3, 1, 25]:
        value = mpmath.mpf(beta) * mpmath.log(
            mpmath.fsum(mpmath.exp(mpmath.mpf(r) / beta) for r in table) / n)
        case("soft_value", [table, beta], value)
    for p in [0.1, 0.5, 0.9]:
        for level in [0.5, 0.95]:
            tail = (1 - level) / 2
            ranks = range(0, n + 2)
            lower = max(l for l in ranks if l == 0 or stats.binom.cdf(l - 1, n, p) <= tail)
            upper = min(u for u in ranks if u > n or stats.binom.cdf(u - 1, n, p) >= 1 - tail)
            coverage = (stats.binom.cdf(upper - 1, n, p) if upper <= n else 1) - (
                stats.binom.cdf(lower - 1, n, p) if lower >= 1 else 0)
            ends = [-math.inf, *table, math.inf]
            case("quantile_interval", [table, p, level], ends[lower], "lower")
            case("quantile_interval", [table, p, level], ends[upper], "upper")
            case("quantile_interval", [table, p, level], coverage, "coverage")


def transformed(q, n, transform, spread):
    """As QRPO's trainer: clamp, then map."""
    if transform == "identity":
        return mpmath.mpf(q)
    if transform == "log":
        return mpmath.log(max(mpmath.mpf(q), mpmath.mpf(1) / n))
    clamped = min(max(mpmath.mpf(q), mpmath.mpf(1) / n), mpmath.mpf(n - 1) / n)
    return (spread if transform == "scaled-normal-icdf" else 1) * normal_quantile(clamped)


transforms = ["identity", "log", "normal-icdf", "scaled-normal-icdf"]
for transform in transforms:
    for n in [2, 10, 256]:
        for q in [0, 1 / n, 0.4, 1 - 1 / n, 1]:
            case("transform_quantile", [q, n, transform, 1.5], transformed(q, n, transform, 1.5))
    for beta in [1e-3, 0.02, 0.1, 1, 7]:
        b = mpmath.mpf(beta)
        exact = {"identity": mpmath.log(b) + 1 / b + mpmath.log1p(-mpmath.exp(-1 / b)),
                 "log": mpmath.log(b / (1 + b)), "normal-icdf": 1 / (2 * b * b),
                 "scaled-normal-icdf": mpmath.mpf(1.5) ** 2 / (2 * b * b)}[transform]
        case("log_partition", [beta, transform, 1.5], exact)
        if transform == "identity":
            case("simplified_log_partition", [beta], mpmath.log(b) + 1 / b)
        for table in tables[1:]:
            n = len(table)
            array = numpy.array(table)
            terms = [mpmath.exp(transformed(mpmath.mpf(int((array <= r).sum())) / n, n, transform,
                                            mpmath.mpf(1.5)) / b) for r in table]
            case("empirical_log_partition", [table, beta, transform, 1.5],
                 mpmath.log(mpmath.fsum(terms) / n))

for a, b, scale in [(0, 0, 1), (1, 0.5, 1), (-3, 4, 2), (500, -500, 1), (0.2, 0.3, 0.05)]:
    p = 1 / (1 + mpmath.exp(-(mpmath.mpf(a) - b) / scale))
    case("preference_probability", [a, b, scale], p)
    for votes in [1, 2, 3, 10, 101]:
        m = (votes + 1) // 2
        case("majority_preference", [votes, a, b, scale],
             mpmath.betainc(m, m, 0, p, regularized=True))

path = pathlib.Path(__file__).with_name("reference.json")
lines = ",\n".join(json.dumps(case) for case in cases)
path.write_text("[\n" + lines + "\n]\n")
print(f"{len(cases)} cases in {path.name}")
