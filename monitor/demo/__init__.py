"""The bundled sample: three invented days of an invented brand."""
