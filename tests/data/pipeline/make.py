"""Makes reference.json: counts of wins, rank correlations and expected wins by programs that are not ours.

pip install scipy==1.17.1 statsmodels==0.15.0 pandas
Run beside www/data/maven/sales_pipeline.csv: python tests/data/pipeline/make.py
"""
import json
import pathlib

import numpy as np
import pandas as pd
import scipy
import scipy.stats
import statsmodels
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

HERE = pathlib.Path(__file__).parent
MAVEN = HERE.parents[2] / "www/data/maven/sales_pipeline.csv"
AS_OF = pd.Timestamp("2017-12-31")
AT_RISK = 20

rng = np.random.default_rng(1)


def poisson_binomial(n):
    """scipy.stats.poisson_binom: the characteristic function, inverted."""
    p = np.round(rng.beta(0.6, 2.0, n), 6)
    distribution = scipy.stats.poisson_binom(p)
    pmf = [float(distribution.pmf(k)) for k in range(n + 1)]
    # Its own quantile function fails from 64 probabilities on.
    quantiles = [int(np.flatnonzero(np.cumsum(pmf) >= q)[0]) for q in (0.1, 0.5, 0.9)]
    return {"p": p.tolist(), "pmf": pmf, "quantiles": quantiles}


def ranks(n):
    x = rng.integers(-5, 6, n) * 5.0
    y = np.round(x / 50 + rng.normal(0, 0.5, n), 1)
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "kendall": float(scipy.stats.kendalltau(x, y, variant="b").statistic),
        "spearman": float(scipy.stats.spearmanr(x, y).statistic),
    }


def maven():
    """Expected wins of the open deals in the 31 days, and in the 28 days after them, that follow 2017-12-31, by the incidence of wins by age.

    Beyond the last event age with 20 deals at risk hazards are constant: the mean increments of the cumulative hazards over the second half of the ages up
    to there.
    """
    deals = pd.read_csv(MAVEN, parse_dates=["engage_date", "close_date"])
    deals = deals[deals.engage_date.notna()]
    closed = deals.deal_stage.isin(["Won", "Lost"])
    deals = deals[~closed | deals.close_date.notna()]
    closed = deals.deal_stage.isin(["Won", "Lost"])
    days = (deals.close_date.where(closed, AS_OF) - deals.engage_date).dt.days.to_numpy(float)
    cause = np.where(deals.deal_stage == "Won", 1, np.where(deals.deal_stage == "Lost", 2, 0))
    curve = SurvfuncRight(days, (cause > 0).astype(int))
    incidence = CumIncidenceRight(days, cause)
    at_win = pd.Series(incidence.cinc[0], index=incidence.times)
    times = curve.surv_times
    survival = pd.Series(curve.surv_prob, index=times)
    won = at_win.reindex(times, method="ffill").fillna(0.0)
    cut = times[np.flatnonzero((curve.n_risk >= AT_RISK) & (curve.surv_prob > 1e-9))[-1]]
    before = np.concatenate([[1.0], curve.surv_prob[:-1]])
    late = (times > 0.5 * cut) & (times <= cut)
    of_end = float((curve.n_events / curve.n_risk)[late].sum()) / (0.5 * cut)
    of_win = float((np.diff(np.concatenate([[0.0], won.to_numpy()])) / before)[late].sum()) / (0.5 * cut)

    def at(age):
        if age >= cut:
            left = np.exp(-of_end * (age - cut))
            return survival[cut] * left, won[cut] + survival[cut] * of_win / of_end * (1 - left)
        known = times[times <= age]
        return (survival[known[-1]], won[known[-1]]) if len(known) else (1.0, 0.0)

    def within(age, ahead):
        still, already = at(age)
        return (at(age + ahead)[1] - already) / still

    ages = days[cause == 0]
    # January and February 2018 begin 1 and 32 days after the instant of the analysis.
    by = np.array([[within(age, ahead) for ahead in (1, 32, 60)] for age in ages])
    return {
        "open": int((cause == 0).sum()),
        "won_in_december": int(((cause == 1) & (deals.close_date >= "2017-12-01")).sum()),
        "cut_days": float(cut),
        "expected_wins": np.diff(by, axis=1).sum(axis=0).tolist(),
    }


reference = {
    "made_by": {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
    "poisson_binomial": [poisson_binomial(n) for n in (3, 40, 300)],
    "ranks": ranks(400),
    "maven": maven(),
}
(HERE / "reference.json").write_text(json.dumps(reference, separators=(",", ":")) + "\n")
