"""Floor 6: many recipes tried on one table, the hopeless ones stopped early, and the best kept."""
