"""ESAP in Jupyter: find, stage and analyse data of astronomy and particle physics."""
