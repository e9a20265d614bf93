"""Makes lift.json: gains by tenths and the threshold of the best F1 score on the two splits of bank-full.csv.gz, by scikit-learn.

pip install scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6
Run: python tests/data/bank-marketing/lift.py
"""
import json
import pathlib

import numpy as np
import pandas as pd
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

HERE = pathlib.Path(__file__).parent
NUMBERS = ["age", "balance", "campaign", "previous"]
CATEGORIES = ["job", "marital", "education", "default", "housing", "loan", "contact", "poutcome"]

bank = pd.read_csv(HERE / "bank-full.csv.gz", sep=";")
outcome = (bank.y == "yes").to_numpy().astype(int)
number = np.arange(len(bank))


def case(is_train, categories):
    """Numbers by mean and population SD of the training part, one column per level but the first; λ = 1 on a loss that is a sum."""
    train = bank[is_train]
    columns = [(bank[c] - train[c].mean()) / train[c].std(ddof=0) for c in NUMBERS]
    columns += [(bank[c] == level).astype(float) for c in categories for level in sorted(train[c].unique())[1:]]
    x = np.column_stack(columns)
    model = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-12, max_iter=500).fit(x[is_train], outcome[is_train])
    y, p = outcome[~is_train], model.predict_proba(x[~is_train])[:, 1]

    # Groups as numpy.array_split cuts; a point between two of the ROC curve lies on the line that ties give.
    n, won = len(y), y.sum()
    cuts = np.cumsum([len(part) for part in np.array_split(np.arange(n), 10)])
    false_share, true_share, _ = roc_curve(y, p, drop_intermediate=False)
    called = false_share * (n - won) + true_share * won
    gains = np.interp(cuts, called, true_share)

    precision, recall, thresholds = precision_recall_curve(y, p)
    f1 = 2 * precision[:-1] * recall[:-1] / np.maximum(precision[:-1] + recall[:-1], 1e-300)
    best = thresholds[np.argmax(f1)]

    def matrix(threshold):
        return confusion_matrix(y, p >= threshold).ravel().tolist()

    return {
        "n": n,
        "cuts": cuts.tolist(),
        "gains": gains.tolist(),
        "lift": (np.diff(gains, prepend=0) * won / np.diff(cuts, prepend=0) / (won / n)).tolist(),
        "best_threshold": float(best),
        "best_f1": float(f1.max()),
        "tn_fp_fn_tp_at_best": matrix(best),
        "tn_fp_fn_tp": {f"{percent / 100:.2f}": matrix(percent / 100) for percent in range(1, 100)},
    }


reference = {
    "software": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "pandas": pd.__version__},
    "time_split": case(number < 31_647, CATEGORIES),
    "interleaved_split": case(number % 5 != 4, CATEGORIES + ["month"]),
}
(HERE / "lift.json").write_text(json.dumps(reference) + "\n")
