"""Computes what the tests of this folder hold the crate against, and writes it beside this file as JSON.

Needs Python 3.11 or newer and what `pip install statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6` installs.

    python make.py

Nothing here is taken from the crate: lines over tables come from statsmodels' weighted least squares, with tau^2 as the root of Paule &
Mandel's equation by scipy, and tables that are left out from the same and the Hartung & Knapp matrix; effects over tables come from statsmodels' meta-analysis (whose tau^2 by Paule & Mandel
is then checked by its equation), Student's t and chi-squared from scipy, Holm from statsmodels' multitest. The components of
variance come from the expected values of quadratic forms, computed with projection matrices, and for balanced data from the
restricted likelihood as well. Moderated variances are Smyth's equations with scipy's digamma and trigamma.
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, special, stats
from statsmodels.regression.linear_model import WLS
from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests

HERE = Path(__file__).parent
random = np.random.default_rng(20261128)


def write(name, content):
    (HERE / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


def table_effects():
    """One-sample t intervals, the two-sided p-value against a threshold, and the same with pooled variances."""
    cases = []
    for n in (2, 3, 4, 8, 15, 40):
        values = random.normal(0.4, 0.5, n).round(3)
        test = stats.ttest_1samp(values, 0.1)
        low, high = test.confidence_interval(0.95)
        cases.append(
            dict(
                repetitions=values.tolist(),
                mean=values.mean(),
                standard_error=stats.sem(values),
                threshold=0.1,
                p=test.pvalue,
                low=low,
                high=high,
            )
        )
    tables = [random.normal(m, 0.3, n).round(3).tolist() for m, n in ((0.1, 4), (0.5, 2), (1.0, 7), (0.7, 1), (0.2, 9))]
    few = [t for t in tables if len(t) < 8]
    # The residual variance of a one-way analysis of variance is the pooled one.
    groups = np.repeat(np.arange(len(few)), [len(t) for t in few])
    design = (groups[:, None] == np.arange(len(few))).astype(float)
    y = np.concatenate(few)
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    df = len(y) - len(few)
    variance = residual @ residual / df
    pooled = []
    for t in tables:
        if len(t) < 8:
            s, freedom = np.sqrt(variance / len(t)), df
        else:
            s, freedom = stats.sem(t), len(t) - 1
        half = stats.t.ppf(0.975, freedom) * s
        pooled.append(dict(mean=np.mean(t), standard_error=s, freedom=freedom, low=np.mean(t) - half, high=np.mean(t) + half))
    write("table_effects", dict(cases=cases, tables=tables, pooled=pooled))


def q_of(tau2, y, v):
    w = 1 / (tau2 + v)
    mean = (w * y).sum() / w.sum()
    return (w * (y - mean) ** 2).sum()


def end_of_tau(q, y, v):
    """tau^2 where Q falls to q."""
    if q_of(0.0, y, v) <= q:
        return 0.0
    high = 1.0
    while q_of(high, y, v) > q:
        high *= 2
    return optimize.brentq(lambda t: q_of(t, y, v) - q, 0.0, high, xtol=1e-15, rtol=1e-14)


def random_effects():
    """Paule & Mandel, Hartung & Knapp with the factor at least 1, the prediction interval, the Q-profile."""
    cases = []
    for k, tau, errors in ((2, 0.5, 0.1), (3, 0.0, 0.4), (8, 0.4, 0.2), (8, 0.0, 0.3), (21, 0.8, 0.5), (38, 0.3, 0.1), (38, 0.02, 0.3)):
        s = (errors * random.uniform(0.5, 2.0, k)).round(4)
        y = (0.5 + tau * random.normal(size=k) + s * random.normal(size=k)).round(4)
        v = s**2
        # With its tolerance of 1e-5: with a smaller one the iteration may step over the root by a rounding, and then says 0.
        found = combine_effects(y, v, method_re="pm", use_t=True)
        tau2 = max(found.tau2, 0.0)
        # The equation itself, to the last digit.
        exact = end_of_tau(k - 1, y, v)
        assert abs(tau2 - exact) < 1e-5, (tau2, exact)
        w = 1 / (exact + v)
        mean = (w * y).sum() / w.sum()
        hk = (w * (y - mean) ** 2).sum() / ((k - 1) * w.sum())
        # statsmodels has the same, without the bound.
        assert np.isclose(found.mean_effect_re, mean, atol=1e-5)
        assert np.isclose(found.sd_eff_w_re_hksj**2, hk, rtol=1e-4)
        se = np.sqrt(max(hk, 1 / w.sum()))
        half = stats.t.ppf(0.975, k - 1) * se
        case = dict(
            effects=y.tolist(),
            standard_errors=s.tolist(),
            tau=np.sqrt(exact),
            mean=mean,
            standard_error=se,
            low=mean - half,
            high=mean + half,
            threshold=0.3,
            p=2 * stats.t.sf(abs(mean - 0.3) / se, k - 1),
            tau_low=np.sqrt(end_of_tau(stats.chi2.ppf(0.975, k - 1), y, v)),
            tau_high=np.sqrt(end_of_tau(stats.chi2.ppf(0.025, k - 1), y, v)),
        )
        if k == 2:
            # The crate makes no statement on a population from two tables.
            case |= dict(low=None, high=None, p=1.0, tau_low=0.0, tau_high=None)
        else:
            wide = np.sqrt(exact + se**2)
            half = stats.t.ppf(0.975, k - 2) * wide
            case |= dict(
                prediction_low=mean - half,
                prediction_high=mean + half,
                share_above_threshold=stats.t.sf((0.3 - mean) / wide, k - 2),
            )
        cases.append(case)
    write("random_effects", cases)


def weighted(tau2, y, v, design):
    return WLS(y, design, weights=1 / (tau2 + v)).fit()


def regression(y, v, design):
    """tau^2, coefficients and their covariance: Paule & Mandel, and Knapp & Hartung with the factor at least 1."""
    df = len(y) - design.shape[1]
    # ssr is the weighted sum of squared residuals.
    excess = lambda t: weighted(t, y, v, design).ssr - df
    if excess(0.0) <= 0:
        tau2 = 0.0
    else:
        high = 1.0
        while excess(high) > 0:
            high *= 2
        tau2 = optimize.brentq(excess, 0.0, high, xtol=1e-15, rtol=1e-14)
    fit = weighted(tau2, y, v, design)
    # statsmodels' covariance has the factor ssr / df.
    assert np.isclose(fit.scale, fit.ssr / df)
    return tau2, fit.params, fit.normalized_cov_params * max(fit.scale, 1.0)


def predicted(y, v, design, row, own_variance, own_df):
    """The interval of an estimate that was left out; Welch & Satterthwaite, at most k - p - 1 degrees of freedom."""
    tau2, b, cov = regression(y, v, design)
    a = tau2 + row @ cov @ row
    df = len(y) - design.shape[1] - 1
    welch = (a + own_variance) ** 2 / (a**2 / df + own_variance**2 / own_df)
    half = stats.t.ppf(0.975, min(df, welch)) * np.sqrt(a + own_variance)
    return row @ b - half, row @ b + half


def meta_regression():
    cases = []
    for k, slope, tau, errors in (
        (3, 0.5, 0.2, 0.1),
        (5, 0.0, 0.0, 0.3),
        (8, 0.4, 0.4, 0.2),
        (12, -0.3, 0.0, 0.3),
        (38, 0.2, 0.5, 0.2),
        (38, 0.0, 0.02, 0.3),
    ):
        s = (errors * random.uniform(0.5, 2.0, k)).round(4)
        df = random.integers(2, 30, k).astype(float)
        x = random.normal(2.0, 1.5, k).round(3)
        y = (0.5 + slope * x + tau * random.normal(size=k) + s * random.normal(size=k)).round(4)
        v = s**2
        design = np.column_stack([np.ones(k), x])
        tau2, b, cov = regression(y, v, design)
        at = 3.0
        row = np.array([1.0, at])
        mean, se = row @ b, np.sqrt(row @ cov @ row)
        half = stats.t.ppf(0.975, k - 2) * se
        slope_half = stats.t.ppf(0.975, k - 2) * np.sqrt(cov[1, 1])
        case = dict(
            effects=y.tolist(),
            standard_errors=s.tolist(),
            degrees_of_freedom=df.tolist(),
            moderator=x.tolist(),
            tau=np.sqrt(tau2),
            slope=b[1],
            slope_low=b[1] - slope_half,
            slope_high=b[1] + slope_half,
            at=at,
            mean=mean,
            low=mean - half,
            high=mean + half,
            threshold=0.8,
            p=2 * stats.t.sf(abs(mean - 0.8) / se, k - 2),
        )
        if k > 3:
            wide = np.sqrt(tau2 + se**2)
            half = stats.t.ppf(0.975, k - 3) * wide
            case |= dict(
                prediction_low=mean - half,
                prediction_high=mean + half,
                share_above_threshold=stats.t.sf((0.8 - mean) / wide, k - 3),
            )
        for name, columns, fewest in (("left_out_mean", 1, 4), ("left_out_line", 2, 5)):
            if k < fewest:
                continue
            d = design[:, :columns]
            case[name] = []
            for i in range(k):
                others = np.arange(k) != i
                low, high = predicted(y[others], v[others], d[others], d[i], v[i], df[i])
                outside = max(low - y[i], y[i] - high, 0.0)
                score = high - low + 2 / 0.05 * outside
                case[name].append(dict(low=low, high=high, score=score))
        cases.append(case)
    write("meta_regression", cases)


def holm():
    cases = []
    for n in (1, 2, 5, 10):
        for _ in range(4):
            p = (random.uniform(size=n) ** 3).round(5)
            cases.append(dict(p=p.tolist(), adjusted=multipletests(p, method="holm")[1].tolist()))
    write("holm", cases)


def flat(values):
    """y, and the numbers of table and of repetition of each pair."""
    y, table, repetition = [], [], []
    n_repetitions = 0
    for i, repetitions in enumerate(values):
        for pairs in repetitions:
            y += pairs
            table += [i] * len(pairs)
            repetition += [n_repetitions] * len(pairs)
            n_repetitions += 1
    return np.array(y), np.array(table), np.array(repetition)


def components_by_quadratic_forms(values):
    """Equates y'Py of three projections with its expected value, the sum of tr(P V) over the components."""
    y, table, repetition = flat(values)
    a = (table[:, None] == np.unique(table)).astype(float)
    b = (repetition[:, None] == np.unique(repetition)).astype(float)
    project = lambda m: m @ np.linalg.pinv(m)
    n = len(y)
    one, pa, pb = project(np.ones((n, 1))), project(a), project(b)
    forms = [pa - one, pb - pa, np.eye(n) - pb]
    parts = [a @ a.T, b @ b.T, np.eye(n)]
    traces = np.array([[np.trace(f @ v) for v in parts] for f in forms])
    return np.linalg.solve(traces, np.array([y @ f @ y for f in forms])).tolist()


def components_by_likelihood(values):
    y, table, repetition = flat(values)
    groups = np.unique(table)
    # One indicator a repetition, within its table.
    inside = [repetition[table == g] for g in groups]
    matrices = [(r[:, None] == np.unique(r)).astype(float) for r in inside]
    names = [[str(j) for j in range(m.shape[1])] for m in matrices]
    spec = VCSpec(["repetition"], [names], [matrices])
    one = np.ones((len(y), 1))
    fit = MixedLM(y, one, groups=table, exog_re=one, exog_vc=spec).fit(reml=True, method="lbfgs", maxiter=2000)
    return [float(fit.cov_re[0, 0]), float(fit.vcomp[0]), float(fit.scale)]


def nested(counts, deviations):
    values = []
    for repetitions in counts:
        a = deviations[0] * random.normal()
        values.append([])
        for pairs in repetitions:
            b = deviations[1] * random.normal()
            values[-1].append([round(a + b + deviations[2] * random.normal(), 3) for _ in range(pairs)])
    return values


def components():
    cases = []
    balanced = nested([[2] * 5] * 9, (1.0, 0.7, 0.4))
    forms = components_by_quadratic_forms(balanced)
    likelihood = components_by_likelihood(balanced)
    # With balanced data and nothing negative the two are the same estimate.
    assert min(forms) > 0 and np.allclose(forms, likelihood, rtol=1e-3), (forms, likelihood)
    cases.append(dict(values=balanced, components=forms))
    for counts in (
        [[1, 2, 3], [2, 2], [3, 1, 1, 2], [1, 2]],
        [[3] * 4, [1, 2], [2], [1, 1, 1], [2, 3]],
    ):
        for _ in range(20):
            values = nested(counts, (1.0, 0.8, 0.3))
            forms = components_by_quadratic_forms(values)
            if min(forms) > 0:
                cases.append(dict(values=values, components=forms))
                break
    write("components", cases)


def moderated():
    """Smyth's moderated variances, from his equations."""
    cases = []
    for deviations in (2.0 ** random.uniform(-2, 2, 12), 2.0 ** random.uniform(-1, 1, 30)):
        tables = [(s * random.normal(size=n)).round(4).tolist() for s, n in zip(deviations, random.integers(2, 7, len(deviations)))]
        tables.append([0.3])
        known = [t for t in tables if len(t) > 1]
        f = np.array([len(t) - 1 for t in known])
        s2 = np.array([np.var(t, ddof=1) for t in known])
        z = np.log(s2) - special.digamma(f / 2) + np.log(f / 2)
        excess = np.var(z, ddof=1) - special.polygamma(1, f / 2).mean()
        assert excess > 0
        f0 = 2 * optimize.brentq(lambda x: special.polygamma(1, x) - excess, 1e-6, 1e6, xtol=1e-14, rtol=1e-14)
        s20 = np.exp(z.mean() + special.digamma(f0 / 2) - np.log(f0 / 2))
        expected = []
        for t in tables:
            own = np.var(t, ddof=1) * (len(t) - 1) if len(t) > 1 else 0.0
            total = f0 + len(t) - 1
            expected.append(dict(standard_error=np.sqrt((f0 * s20 + own) / total / len(t)), freedom=min(total, float(f.sum()))))
        cases.append(dict(tables=tables, expected=expected))
    write("moderated", cases)


table_effects()
random_effects()
holm()
components()
moderated()
meta_regression()
