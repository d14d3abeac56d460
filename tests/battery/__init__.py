"""Bad and unusual input for every public function: each call gives the documented result or an error that names it.

``python -m tests.battery`` runs it without the type checks that the other tests have, as users do.
"""
