"""Parts of pages: axes, figures, pictures, citations, templates, style. One look for all reports."""
