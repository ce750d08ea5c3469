import pytest
from tests.factories import *
pytestmark=pytest.mark.django_db
def test_pages():
    make_office(); o=make_member("Own Er",role="owner"); m=make_member("Maria Santos")
    l=make_login(m,doors=["tws","ibkr-desktop","client-portal"]); 
    ph=make_asset("iPhone 15",kind="phone",holder=m); sim=make_asset("SIM 1",kind="sim",holder=m,carried_by=ph); pc=make_asset(holder=m); safe=make_asset("Safe",kind="place")
    card=make_asset("Card 61",kind="card",place=safe)
    a=make_authenticator(l,carriers=[ph]); b=make_backup(l,carriers=[card],place=safe)
    v=make_validation(l.doors.first(),pc); make_validation(l.doors.last(),pc,outcome="failed",proved_at=AT)
    c=signed_in(o)
    for u in ["/devices/","/devices/?text=zzz","/devices/?kind=phone&state=spare","/devices/new/",*[f"/devices/{x.pk}/{y}" for x in (ph,sim,pc,safe,card) for y in ("","edit/","lost/","retire/","found/")],"/validations/new/",f"/validations/new/?door={l.doors.first().pk}&device={pc.pk}",f"/validations/{v.pk}/end/","/authenticators/","/authenticators/?alone","/authenticators/new/",f"/authenticators/new/?login={l.pk}",*[f"/authenticators/{a.pk}/{y}/" for y in ("edit","confirm","end")],"/backups/new/",f"/backups/new/?login={l.pk}",*[f"/backups/{b.pk}/{y}/" for y in ("edit","test","end")]]:
        r=c.get(u); print(r.status_code,len(r.content),u); assert r.status_code==200
        __import__("pathlib").Path("/tmp/bench/"+u.strip("/").replace("/","_").replace("?","_")+".html").write_bytes(r.content)
