import pytest, time_machine
from datetime import timedelta
from pathlib import Path
from tests.factories import *
pytestmark=pytest.mark.django_db
OUT=Path("/tmp/shots/www")
def history(door, dev, days, note=""):
    days=sorted(days, reverse=True)
    for i,d in enumerate(days):
        ended = AT-timedelta(days=days[i+1]) if i+1<len(days) else None
        v=make_validation(door,dev,proved_at=AT-timedelta(days=d)) if ended is None else None
        if ended:
            from devices.models import Validation
            Validation.objects.create(door=door,device=dev,outcome="proven",how="used",proved_at=AT-timedelta(days=d),lapses_at=AT-timedelta(days=d)+timedelta(days=91),created_at=AT,ended_at=ended)
@time_machine.travel(AT, tick=False)
def test_pages():
    from devices import actions
    make_office(); o=make_member("Tom Okafor",role="manager"); m=make_member("Maria Santos"); d=make_member("Daniel Reyes"); p=make_member("Priya Nair")
    acc=make_account()
    l=make_login(m,doors=["tws","ibkr-desktop","ibkr-mobile","client-portal"]); l2=make_login(d,label="Daniel at IBKR",doors=["tws","client-portal"])
    l3=make_login(None,label="Order router at IBKR",doors=["ib-gateway","flex"]); l4=make_login(p,label="Priya at Schwab",broker="schwab",doors=["thinkorswim","mobile","web"])
    for x in (l,l2,l3): make_grant(x,acc)
    safe=make_asset("Office safe, tray 1",kind="place"); home=make_asset("Home office, Richmond",kind="place")
    ph=make_asset("iPhone 15",kind="phone",holder=m,model="Apple iPhone 15",hint="7QK4"); sim=make_asset("SIM •• 0142",kind="sim",holder=m,carried_by=ph)
    ph2=make_asset("iPhone 12",kind="phone",holder=m,is_spare=True,place=safe)
    pc=make_asset("Maria’s ThinkPad X1",holder=m,place=home,model="Windows 11",hint="7QK4",note="Travels with her; encrypted disk"); desk=make_asset("Desk PC 1")
    px=make_asset("Pixel 8",kind="phone",holder=d); mac=make_asset("MacBook Pro 14",holder=d); srv=make_asset("Gateway server",kind="server")
    sim2=make_asset("SIM •• 7730",kind="sim",holder=p)
    lostpad=make_asset("iPad mini",kind="tablet",holder=d,lost_at=AT-timedelta(days=2))
    card=make_asset("Security card 61",kind="card",holder=d,place=safe)
    dr={x.interface:x for x in l.doors.all()}; dd={x.interface:x for x in l2.doors.all()}; da={x.interface:x for x in l3.doors.all()}; dp={x.interface:x for x in l4.doors.all()}
    history(dr["tws"],pc,[330,245,160,102]); history(dr["ibkr-desktop"],pc,[290,200,130,40]); make_validation(dr["client-portal"],pc,outcome="failed",proved_at=AT-timedelta(hours=2))
    make_validation(dr["tws"],desk,proved_at=AT-timedelta(days=31)); make_validation(dr["ibkr-desktop"],desk,proved_at=AT-timedelta(days=31)); make_validation(dr["ibkr-mobile"],ph,proved_at=AT-timedelta(days=2))
    make_validation(dd["tws"],mac,proved_at=AT-timedelta(days=80)); make_validation(dd["tws"],desk,outcome="expected"); make_validation(dd["client-portal"],lostpad)
    make_validation(da["ib-gateway"],srv,proved_at=AT-timedelta(days=57)); make_validation(dp["thinkorswim"],desk,outcome="unknown",proved_at=AT)
    a=make_authenticator(l,carriers=[ph],proved_at=AT-timedelta(days=5)); make_authenticator(l2,carriers=[px]); make_authenticator(l2,"dsc-plus",carriers=[card],proved_at=AT-timedelta(days=81)); make_authenticator(l4,"one-time-code",carriers=[sim2])
    make_authenticator(l3,"ib-key-push",carriers=[ph]); make_authenticator(l3,"flex-token",carriers=[srv],proved_at=AT)
    b=make_backup(l,kind="number",label="SIM on file",carriers=[sim]); make_backup(l,kind="rescue",label="Client services, passport at hand",proved_at=AT-timedelta(days=70)); make_backup(l4,kind="printed-codes",label="Printed codes",codes_left=7)
    v=l.doors.first().validations.first()
    actions.mark_lost(ph2,by=o,at=AT); actions.mark_found(ph2,by=o,at=AT)
    actions.change_asset(pc,by=o,at=AT,note="Travels with her; encrypted disk."); actions.confirm_validation(dr["ibkr-desktop"],pc,proved_at=AT-timedelta(hours=1),proved_by=m,by=m,at=AT)
    for who,member in (("m",o),("t",m)):
        c=signed_in(member)
        for name,u in {"list":"/devices/","none":"/devices/?text=zzz","show-pc":f"/devices/{pc.pk}/","show-phone":f"/devices/{ph.pk}/","show-safe":f"/devices/{safe.pk}/","edit":f"/devices/{pc.pk}/edit/","lost":f"/devices/{ph.pk}/lost/","rec":f"/validations/new/?door={dr['client-portal'].pk}&device={pc.pk}","rec0":"/validations/new/","vend":f"/validations/{v.pk}/end/","auths":"/authenticators/","alone":"/authenticators/?alone","pick":"/authenticators/new/","addauth":f"/authenticators/new/?login={l.pk}","confirm":f"/authenticators/{a.pk}/confirm/","addback":f"/backups/new/?login={l.pk}","test":f"/backups/{b.pk}/test/"}.items():
            r=c.get(u); print(r.status_code,len(r.content),who,u)
            if r.status_code==200: OUT.joinpath(f"{who}-{name}.html").write_bytes(r.content)
    signed_in(m)
