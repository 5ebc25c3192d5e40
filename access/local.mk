# The access server: programs and their tests.
