"""The chapters of a run's report; each is a function from the JSON of a run to one `Section`."""
