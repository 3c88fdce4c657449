"""How an answer is scored, and how the scores of many questions become one number with an influence for each question.

A metric maps one answer to a contribution (a float, or a few), and many contributions (n, m) to an estimate and to n pseudo-values whose mean is
the estimate and whose spread is its sampling error (the infinitesimal jackknife; Efron & Tibshirani 1993, ch. 21). So one paired interval
serves means, the root of a mean (RMSE), rank statistics (ROC area, DeLong 1988) and ratios (F1) alike.
"""
