"""Taxa, whoever names them: the taxonomy of a database, trees and tables of counts, the main ranks. No engine."""
