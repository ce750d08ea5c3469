"""The icons that pages may name: Lucide's names, each a symbol `i-NAME` in the sprite.

A new name goes in here, then `manage.py make_assets` puts its drawing into static/postern/dist/sprite.svg.
"""

ICONS = frozenset(
    """
    archive arrow-left arrow-right at-sign badge-check ban bell book-open building-2 calendar-check calendar-clock
    card-sim chart-candlestick check chevron-down chevron-left chevron-right circle-alert circle-check circle-dashed
    circle-question-mark circle-slash circle-x clipboard-check clock copy download ellipsis external-link eye
    file-spreadsheet file-text fingerprint-pattern flask-conical folder-lock funnel globe hand-coins handshake
    hard-drive heart-pulse history hourglass house id-card inbox info key-round landmark laptop life-buoy list-checks
    lock log-in log-out mail mail-check mail-warning mail-x map-pin menu message-square-text minus monitor network
    octagon-x pencil phone plus printer refresh-cw router scroll-text search send server settings shield-alert
    shield-check smartphone sun-moon tablet terminal timer trash-2 trending-up triangle-alert undo-2 upload usb
    user-round user-round-plus user-round-x users-round vault waypoints wifi wrench x
    """.split()
)
