import os
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]="true"
import pytest
from datetime import timedelta
from playwright.sync_api import sync_playwright
from tests.factories import *
from identity.models import Member

ONLY = os.environ.get("ONLY","").split()
AXE = os.environ.get("AXE")
@pytest.mark.timeout(580)
@pytest.mark.django_db(transaction=True)
def test_shots(live_server):
    make_office()
    tom = make_member("Tom Okafor", role="manager")
    maria = make_member("Maria Santos"); dan = make_member("Daniel Reyes")
    acc = make_account("Global Macro", entity="ib-ie"); acc2 = make_account("Family reserve", hint="8093", entity="ib-ie")
    l1 = make_login(maria, label="Maria at IBKR", doors=["tws","ibkr-mobile","client-portal"], hint="a41")
    l2 = make_login(dan, label="Daniel at IBKR", doors=["tws"])
    g = make_grant(l1, acc, ["view","trade","withdraw"]); make_grant(l2, acc, ["view"]); make_grant(l1, acc2, ["view"], ended_at=AT-timedelta(days=30))
    client = signed_in(tom)
    pages = {
      "pick": "/accounts/new/", "add": "/accounts/new/?broker=ibkr", "edit": f"/accounts/{acc.pk}/edit/", "close": f"/accounts/{acc.pk}/close/",
      "login": f"/logins/{l1.pk}/", "login_add": f"/logins/new/?account={acc.pk}", "login_edit": f"/logins/{l1.pk}/edit/", "login_end": f"/logins/{l1.pk}/end/",
      "doors": f"/logins/{l1.pk}/doors/", "grant": f"/grants/new/?account={acc2.pk}", "grant_edit": f"/grants/{g.pk}/edit/", "grant_end": f"/grants/{g.pk}/end/",
      "brokers": "/brokers/", "broker": "/brokers/ibkr/", "saxo": "/brokers/saxo/",
    }
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox","--disable-gpu"])
        for width in (1440, 360):
            for theme in ("light","dark"):
                ctx = b.new_context(viewport={"width":width,"height":900}, color_scheme=theme)
                ctx.add_cookies([{"name":"postern","value":client.cookies["postern"].value,"url":live_server.url}])
                page = ctx.new_page()
                errs=[]; page.on("console", lambda m: errs.append(m.text) if m.type in("error","warning") else None)
                for name,url in pages.items():
                    if ONLY and name not in ONLY: continue
                    page.goto(live_server.url+url)
                    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    if over>0: print("OVERFLOW", name, width, over)
                    if name in ("broker",) : page.evaluate("document.querySelectorAll('#doors details').forEach((d,i)=>{if(i<2)d.open=true})")
                    page.screenshot(path=f"/tmp/acc/shots/{name}-{width}-{theme}.png", full_page=True)
                    if AXE:
                        from axe_playwright_python.sync_playwright import Axe
                        r = Axe().run(page, options={"runOnly":{"type":"tag","values":["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}, "rules":{"target-size":{"enabled":True}}})
                        for v in r.response["violations"]: print("AXE", name, width, theme, v["id"], len(v["nodes"]), v["nodes"][0]["html"][:160], v["nodes"][0].get("failureSummary","")[:200])
                if errs: print("CONSOLE", width, theme, errs[:5])
        b.close()
