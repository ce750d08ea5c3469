import pytest
@pytest.mark.django_db
def test_sample(office, owner, at):
    from exchange import actions, samples
    b = actions.upload(samples.read_back(samples.office("sample"), name="s"), by=owner, at=at)
    for r in b.rows.filter(verdict="problem"): print(r.troubles)
    print(b.counts)
    from exchange.sheets.writing import workbook, template_rows
    from exchange.sheets.reading import read_uploads, Upload
    b = actions.upload(read_uploads([Upload("t.xlsx",workbook(template_rows(),about=""))]), by=owner, at=at)
    for r in b.rows.filter(verdict="problem"): print(r.troubles)
    print(b.counts)
