"""Which visual tokens stay: importance × selection × merge, composed by a `Reducer` or, inside a model, a `Cascade`."""
