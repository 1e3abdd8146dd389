"""OpenAPI specifications as tools: `import_openapi` reads a file, and says how each operation is called."""

from callwright.toolbox.openapi.importing import import_openapi
from callwright.toolbox.openapi.operations import Api, Argument, Operation, Response, Scheme

__all__ = ["Api", "Argument", "Operation", "Response", "Scheme", "import_openapi"]
