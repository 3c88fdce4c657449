"""Adaptive predictors that several rooms need."""
