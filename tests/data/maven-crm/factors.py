"""Principal components and varimax rotation of the accounts, by scikit-learn and statsmodels, into factors.json.

Run in this folder with numpy 2, scikit-learn 1.9 and statsmodels 0.15 (the versions used stand in the file).
"""

import csv
import json

import numpy as np
import sklearn
import statsmodels
from sklearn.decomposition import PCA
from statsmodels.multivariate.factor_rotation import rotate_factors

with open("oracle_accounts.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
names = ["R", "F", "M", "win_rate", "avg_value"]
columns = np.array([[float(row[name]) for name in names] for row in rows])
columns[:, 0] = np.log1p(columns[:, 0])
columns[:, 2] = np.log(columns[:, 2])
standardised = (columns - columns.mean(axis=0)) / columns.std(axis=0)

pca = PCA(svd_solver="full").fit(standardised)
# Variances by n, as everything else here; the sign by the largest element.
variance = pca.explained_variance_ * (len(rows) - 1) / len(rows)
directions = np.array([row * np.sign(row[np.argmax(np.abs(row))]) for row in pca.components_])


def varimax(m):
    """Kaiser's varimax of the first m components: rows of length 1, gradient projection, rows of their own length again."""
    loadings = directions[:m].T * np.sqrt(variance[:m])
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    rotated, rotation = rotate_factors(loadings / length, "varimax", tol=1e-13, max_tries=100000)
    rotated = rotated * length
    order = np.argsort(-(rotated**2).sum(axis=0))
    rotated, rotation = rotated[:, order], rotation[:, order]
    signs = np.sign(rotated[np.argmax(np.abs(rotated), axis=0), range(m)])
    scores = standardised @ directions[:m].T / np.sqrt(variance[:m]) @ (rotation * signs)
    return {"loadings": (rotated * signs).tolist(), "scores_of_first_rows": scores[:5].tolist()}


result = {
    "software": {"numpy": np.__version__, "scikit-learn": sklearn.__version__, "statsmodels": statsmodels.__version__},
    "rows": "ln(1+R), F, ln(M), win_rate, avg_value of oracle_accounts.csv, standardised by the population deviation",
    "variance": variance.tolist(),
    "directions": directions.tolist(),
    "varimax": {str(m): varimax(m) for m in (2, 3, 4)},
}
with open("factors.json", "w", encoding="utf-8") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
