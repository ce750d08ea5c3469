"""Routes of exchange."""

from __future__ import annotations

from django.urls import path

from exchange.views import demo, files, imports, trail

app_name = "exchange"
urlpatterns = [
    path("office/import/", imports.import_start, name="import_start"),
    path("office/import/upload/", imports.upload_files, name="upload_files"),
    path("office/import/template.xlsx", imports.template_workbook, name="template_workbook"),
    path("office/import/template.zip", imports.template_tables, name="template_tables"),
    path("office/import/<int:pk>/", imports.show_batch, name="show_batch"),
    path("office/import/<int:pk>/days/", imports.answer_days, name="answer_days"),
    path("office/import/<int:pk>/apply/", imports.apply_batch, name="apply_batch"),
    path("office/import/<int:pk>/discard/", imports.discard_batch, name="discard_batch"),
    path("office/import/<int:pk>/undo/", imports.undo_batch, name="undo_batch"),
    path("office/export/", files.export, name="export"),
    path("office/export/download/", files.download, name="download"),
    path("trail/export/", trail.export_trail, name="export_trail"),
    path("office/demo/load/", demo.load_demo, name="load_demo"),
    path("office/demo/remove/", demo.remove_demo, name="remove_demo"),
]
