"""How an isolation is shown: words, tables, figures and one page."""
