"""Makes statistics.json: values of SciPy 1.17.1 and statsmodels 0.15 that the crate's must equal.

    python3 host/statistics/tests/golden/generate.py

Needs numpy, scipy 1.17, statsmodels and mpmath. Seeded: the file is the same each time.
"""

import json
import pathlib

import mpmath
import numpy as np
import scipy
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

assert scipy.__version__.startswith("1.17."), scipy.__version__
random = np.random.default_rng(20230204)


def lists(*arrays):
    return [np.asarray(array, dtype=float).tolist() for array in arrays]


def mean_of_means(*groups, axis=-1):
    return sum(group.mean(axis=axis) for group in groups) / len(groups)


def bootstrap():
    """Intervals made of the same resampled values, z0 and a included."""
    cases = []
    for groups in (
        [random.gamma(2.0, size=25)],
        [random.gamma(1.0, size=9), random.normal(size=14), random.integers(0, 2, size=20).astype(float)],
        # Many resampled values equal the estimate.
        [np.array([0.0, 0.0, 1.0, 0.5, 0.5, 1.0, 0.0, 0.5, 0.5])],
    ):
        for confidence in (0.9, 0.95):
            resampled = stats.bootstrap(
                groups, mean_of_means, n_resamples=299, confidence_level=confidence, method="percentile", rng=7
            )
            bca = stats.bootstrap(
                groups, mean_of_means, n_resamples=299, confidence_level=confidence, method="BCa", rng=7
            )
            values = resampled.bootstrap_distribution
            assert (values == bca.bootstrap_distribution).all()
            estimate = mean_of_means(*groups)
            _, _, acceleration = stats._resampling._bca_interval(
                groups, mean_of_means, -1, (1 - confidence) / 2, values, None, np
            )
            share = ((values < estimate).sum() + (values <= estimate).sum()) / (2 * len(values))
            jackknife = []
            for position, group in enumerate(groups):
                for sample in range(len(group)):
                    without = list(groups)
                    without[position] = np.delete(group, sample)
                    jackknife.append(mean_of_means(*without))
            cases.append({
                "groups": lists(*groups),
                "confidence": confidence,
                "estimate": float(estimate),
                "resampled": values.tolist(),
                "jackknife": [float(value) for value in jackknife],
                "percentile": [float(end) for end in resampled.confidence_interval],
                "bca": [float(end) for end in bca.confidence_interval],
                "bias": float(scipy.special.ndtri(share)),
                "acceleration": float(np.squeeze(acceleration)),
            })
    return cases


def bootstrap_many():
    """Intervals of 200,000 resamples, which other draws come near to."""
    skewed = [random.gamma(1.0, size=30), random.gamma(1.0, size=12)]
    first, second = random.normal(0.6, 0.1, size=40), random.normal(0.55, 0.1, size=40)
    difference = first - second

    def interval(data, statistic, method):
        done = stats.bootstrap(data, statistic, n_resamples=200_000, batch=5000, method=method, rng=3)
        return [float(end) for end in done.confidence_interval]

    centred = stats.bootstrap([difference], np.mean, n_resamples=200_000, batch=5000, rng=3)
    apart = np.abs(centred.bootstrap_distribution - difference.mean()) >= abs(difference.mean())
    median = random.gamma(1.0, size=41)
    return {
        "groups": lists(*skewed),
        "percentile": interval(skewed, mean_of_means, "percentile"),
        "bca": interval(skewed, mean_of_means, "BCa"),
        "first": first.tolist(),
        "second": second.tolist(),
        "difference_bca": interval([difference], np.mean, "BCa"),
        "difference_p": float(apart.mean()),
        "standard_deviation_of": median.tolist(),
        "standard_deviation_bca": interval([median], np.std, "BCa"),
    }


def t_intervals():
    cases = []
    for sizes in ([12], [5, 30], [4, 9, 16, 25]):
        groups = [random.normal(position, 1 + position, size=size) for position, size in enumerate(sizes)]
        of_mean = np.array([group.var(ddof=1) / len(group) for group in groups])
        freedom = of_mean.sum() ** 2 / (of_mean**2 / (np.array(sizes) - 1)).sum()
        for confidence in (0.5, 0.95, 0.999):
            ends = stats.t.interval(
                confidence, freedom, loc=mean_of_means(*groups), scale=np.sqrt(of_mean.sum()) / len(groups)
            )
            cases.append({"groups": lists(*groups), "confidence": confidence, "ends": [float(end) for end in ends]})
    return cases


def signed_rank():
    cases = []

    def add(values, zeros, kind, **options):
        done = stats.wilcoxon(values, zero_method=zeros, **options)
        cases.append({
            "differences": np.asarray(values, dtype=float).tolist(),
            "zeros": zeros,
            "method": kind,
            "statistic": float(done.statistic),
            "p": float(done.pvalue),
        })

    for size in (1, 5, 20, 50):
        add(random.normal(0.3, 1, size=size), "wilcox", "exact", method="exact")
    everything = stats.PermutationMethod(n_resamples=np.inf)
    for size in (6, 12, 16):
        tied = random.integers(-3, 5, size=size)
        add(tied, "wilcox", "exact", method=everything)
        add(tied, "pratt", "exact", method=everything)
    for size in (14, 60, 400):
        tied = random.integers(-6, 8, size=size)
        for zeros in ("wilcox", "pratt"):
            add(tied, zeros, "normal", method="asymptotic", correction=False)
            add(tied, zeros, "continuity", method="asymptotic", correction=True)
    add(random.normal(0.2, 1, size=500).round(6), "wilcox", "normal", method="asymptotic")
    add(random.normal(0.05, 1, size=60), "wilcox", "auto")
    return cases


def mcnemar_tests():
    cases = []
    for b, c in ((0, 0), (0, 1), (3, 9), (7, 7), (12, 40), (400, 520), (9000, 8000)):
        table = [[100, b], [c, 50]]
        exact = stats.binomtest(min(b, c), b + c, 0.5).pvalue if b + c else 1.0
        case = {"b": b, "c": c, "exact": float(exact), "plain": 1.0, "corrected": 1.0}
        if b + c:
            assert np.isclose(mcnemar(table, exact=True).pvalue, exact, rtol=1e-9)
            case["plain"] = float(mcnemar(table, exact=False, correction=False).pvalue)
            # statsmodels makes 1 of |b - c| - 1 = -1 by squaring it; here as Edwards means it.
            case["corrected"] = float(mcnemar(table, exact=False).pvalue) if b != c else 1.0
        cases.append(case)
    return cases


def holm_corrections():
    cases = []
    for p in ([0.04], random.random(12) ** 4, [0.01, 0.01, 0.03, 0.02, 1.0, 0.0], np.linspace(0.001, 0.9, 40)):
        cases.append({"p": lists(p)[0], "corrected": multipletests(p, method="holm")[1].tolist()})
    return cases


def friedman_tests():
    cases = []
    for blocks, treatments in ((5, 3), (12, 8), (40, 56)):
        for scores in (random.normal(size=(blocks, treatments)), random.integers(0, 6, size=(blocks, treatments))):
            scores = scores + np.linspace(0, 1, treatments).round(0)
            done = stats.friedmanchisquare(*scores.T)
            cases.append({
                "blocks": lists(*scores),
                "average_ranks": stats.rankdata(scores, axis=1).mean(axis=0).tolist(),
                "statistic": float(done.statistic),
                "p": float(done.pvalue),
            })
    return cases


def studentized_range():
    """SciPy's values, and for many treatments, where SciPy's are too rough, mpmath's of the defining integral."""
    quantiles = []
    for treatments in (2, 3, 5, 10, 20, 50, 100):
        for alpha in (0.1, 0.05, 0.01):
            quantiles.append({
                "treatments": treatments,
                "alpha": alpha,
                "q": float(stats.studentized_range.ppf(1 - alpha, treatments, np.inf)),
            })
    tails = []
    mpmath.mp.dps = 30
    for treatments in (2, 10, 56, 1000, 100_000):
        for q in (0.5, 3.0, 5.5, 8.0, 11.0):
            def within(z):
                return mpmath.npdf(z) * (mpmath.ncdf(z) - mpmath.ncdf(z - q)) ** (treatments - 1)

            inside = treatments * mpmath.quad(within, [-14 + mpmath.mpf(step) / 2 for step in range(70)])
            tails.append({"treatments": treatments, "q": q, "tail": float(1 - inside)})
    return {"quantiles": quantiles, "tails": tails}


def correlations():
    cases = []
    for size in (5, 12, 33, 34, 100):
        x = random.normal(size=size)
        for y in (x + random.normal(size=size), -x + 0.1 * random.normal(size=size), random.normal(size=size)):
            cases.append((x, y))
        cases.append((random.integers(0, 5, size=size), random.integers(0, 4, size=size)))
    cases.append((np.arange(40.0), np.exp(np.arange(40.0) / 4)))
    cases.append((np.arange(8.0), -np.arange(8.0) ** 3))
    found = []
    for number, (x, y) in enumerate(cases):
        confidence = 0.95 if number % 3 else 0.9
        n, half = len(x), stats.norm.ppf(0.5 + confidence / 2)
        r, rho, tau = stats.pearsonr(x, y), stats.spearmanr(x, y), stats.kendalltau(x, y)

        def fisher(value, deviation):
            with np.errstate(divide="ignore"):
                z = np.arctanh(value)
            return [float(np.tanh(z - half * deviation)), float(np.tanh(z + half * deviation))]

        def p_value(test):
            # SciPy rounds the ranks' correlation of 1 to a little less.
            return 0.0 if abs(test.statistic) > 1 - 1e-14 else float(test.pvalue)

        interval = r.confidence_interval(confidence)
        found.append({
            "x": lists(x)[0],
            "y": lists(y)[0],
            "confidence": confidence,
            "pearson": [float(r.statistic), p_value(r), float(interval.low), float(interval.high)],
            "spearman": [float(rho.statistic), p_value(rho)]
            + fisher(rho.statistic, np.sqrt((1 + rho.statistic**2 / 2) / (n - 3))),
            "kendall": [float(tau.statistic), float(tau.pvalue)]
            + fisher(tau.statistic, np.sqrt(0.437 / (n - 4))),
        })
    return found


golden = {
    "made_with": f"scipy {scipy.__version__}",
    "bootstrap": bootstrap(),
    "bootstrap_many": bootstrap_many(),
    "t_intervals": t_intervals(),
    "wilcoxon": signed_rank(),
    "mcnemar": mcnemar_tests(),
    "holm": holm_corrections(),
    "friedman": friedman_tests(),
    "studentized_range": studentized_range(),
    "correlations": correlations(),
}
path = pathlib.Path(__file__).with_name("statistics.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
