"""Reference results of multinomial regression and of discrete-time competing risks.

numpy, scipy (BFGS on the penalised loss), statsmodels (MNLogit on one row per period); their versions are written into reference.json.
Rows: i = 0…599, x1 and x2 from a linear congruential generator, so that any language can make them again.
"""
import json
import numpy as np, scipy, statsmodels, statsmodels.api as sm
from scipy.optimize import minimize

state = 12345
def uniform():
    global state
    state = (state * 1103515245 + 12345) % 2**31
    return state / 2**31

n, periods = 600, 8
x1 = np.empty(n); x2 = np.empty(n); group = np.empty(n, int); weeks = np.empty(n, int); outcome = np.empty(n, int)
for i in range(n):
    x1[i] = 2 * uniform() - 1
    x2[i] = 4 * uniform() - 2
    group[i] = int(3 * uniform())
    weeks[i], outcome[i] = periods, 0
    for t in range(periods):
        win = np.exp(-2.2 + 0.8 * x1[i] + 0.3 * (group[i] == 1) + 0.05 * t)
        loss = np.exp(-2.0 - 0.5 * x1[i] + 0.4 * x2[i] - 0.1 * t)
        u = uniform() * (1 + win + loss)
        if u < win + loss:
            weeks[i], outcome[i] = t + 1, 1 if u < win else 2
            break

design, y = [], []
for i in range(n):
    for t in range(weeks[i]):
        s = t / 10
        design.append([1, x1[i], x2[i], group[i] == 1, group[i] == 2, s, s * s])
        y.append(outcome[i] if t + 1 == weeks[i] else 0)
X, y = np.array(design, float), np.array(y)
free = sm.MNLogit(y, X).fit(method="newton", tol=1e-14, maxiter=100, disp=0)

penalty = 2.5
def objective(flat):
    b = flat.reshape(2, -1)
    eta = np.column_stack([np.zeros(len(y)), X @ b.T])
    top = eta.max(1, keepdims=True)
    log = top[:, 0] + np.log(np.exp(eta - top).sum(1))
    p = np.exp(eta - log[:, None])
    loss = (log - eta[np.arange(len(y)), y]).sum() + penalty / 2 * (b[:, 1:] ** 2).sum()
    hit = np.eye(3)[y]
    gradient = (p - hit)[:, 1:].T @ X
    gradient[:, 1:] += penalty * b[:, 1:]
    return loss, gradient.ravel()
held = minimize(objective, np.zeros(14), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 10000})

json.dump({
    "made_by": f"numpy {np.__version__}, scipy {scipy.__version__}, statsmodels {statsmodels.__version__}",
    "x1": x1.tolist(), "x2": x2.tolist(), "group": group.tolist(), "weeks": weeks.tolist(), "outcome": outcome.tolist(),
    "coefficients": free.params.T.tolist(), "standard_errors": free.bse.T.tolist(), "log_likelihood": free.llf,
    "penalty": penalty, "penalised": held.x.reshape(2, -1).tolist(), "penalised_objective": held.fun,
    "max_gradient": float(np.abs(held.jac).max()),
}, open(__file__.replace("make.py", "reference.json"), "w"))
