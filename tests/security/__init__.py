"""Guards of the edges: each test here fails when the guard it names is taken away."""
