"""Writes one small export per CRM and form of stage history, all from the same twelve deals (Python 3, standard library only).

    python3 tests/data/exports/make.py

Column names are those that the vendors document; every value is made up. `canonical/` says what is true, and what each
form loses of that is stated in `tests/golden/exports.rs`.
"""

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
AS_OF = datetime(2024, 4, 1)
OPEN = ["Qualify", "Propose", "Negotiate"]
WON, LOST, HOLD = "Closed Won", "Closed Lost", "On Hold"
STAGES = OPEN + [HOLD, WON, LOST]
# Ids of the stages where a system has them; no label can be guessed from them.
STAGE_ID = {name: 7001 + at for at, name in enumerate(STAGES)}


def day(text, hour=8):
    return datetime.strptime(f"2024-{text} {hour:02d}:30:00", "%Y-%m-%d %H:%M:%S")


# Number, amount, entries; what the deal shows.
DEALS = [
    (1, 1200, [("Qualify", day("01-02")), ("Propose", day("01-10")), ("Negotiate", day("01-20")), (WON, day("02-01"))], "won"),
    (2, 800, [("Qualify", day("01-03")), ("Propose", day("01-12", 9)), (LOST, day("01-25"))], "lost"),
    (3, 2500, [("Qualify", day("01-04")), ("Propose", day("01-11")), ("Qualify", day("01-18")), ("Propose", day("01-29")),
               ("Negotiate", day("02-09")), (WON, day("02-20"))], "moved back and entered again"),
    (4, 950, [("Qualify", day("01-05")), ("Negotiate", day("01-17")), (WON, day("02-03"))], "skipped a stage"),
    (5, 1750, [("Qualify", day("01-08")), ("Propose", day("02-14"))], "open"),
    (6, 400, [("Qualify", day("03-11"))], "open and never moved"),
    (7, 3100, [("Qualify", day("01-15")), ("Propose", day("01-31")), (HOLD, day("03-01"))], "on hold"),
    (8, 999, [("Qualify", day("01-16")), ("Propose", day("02-02"))], "deleted"),
    (9, 650, [], "without history"),
    (10, 1500, [("Qualify", day("01-22")), ("Propose", day("02-05")), ("Negotiate", day("02-05")), (WON, day("02-27"))], "two entries at one instant"),
    (11, 300, [("Qualify", day("01-23")), (LOST, day("02-06"))], "lost from the first stage"),
    (12, 2200, [("Qualify", day("01-24")), ("Propose", day("02-07")), (LOST, day("02-21")), ("Propose", day("03-05"))], "lost and opened again"),
]
CREATED_9 = day("02-12")


def created(deal):
    return deal[2][0][1] if deal[2] else CREATED_9


def stage(deal):
    return deal[2][-1][0] if deal[2] else "Propose"


def outcome(deal):
    return {WON: "won", LOST: "lost", HOLD: "hold"}.get(stage(deal), "open")


def closed(deal):
    return deal[2][-1][1] if outcome(deal) in ("won", "lost") else None


def deleted(deal):
    return deal[3] == "deleted"


def expected_close(deal):
    """A plan that nothing came of: no deal was closed on that day."""
    return (created(deal) + timedelta(days=75)).strftime("%Y-%m-%d")


def entries(deal, terminal=(WON, LOST)):
    """Entries as a system tells them for which only `terminal` are stages; a stage that lasts through a reopening is entered once."""
    told = []
    for name, at in deal[2]:
        if name in (WON, LOST) and name not in terminal:
            continue
        if not told or told[-1][0] != name:
            told.append((name, at))
    return told


def current(deal, terminal=(WON, LOST)):
    told = entries(deal, terminal)
    return told[-1][0] if told else "Propose"


def stays(deal, terminal=(WON, LOST)):
    """Stage, entry, exit (None: still there)."""
    told = entries(deal, terminal)
    ends = [at for _, at in told[1:]] + [closed(deal) if told and told[-1][0] not in (WON, LOST) else None]
    return [(name, at, end) for (name, at), end in zip(told, ends)]


def seconds(deal, terminal, grows=False):
    totals = {}
    for name, at, end in stays(deal, terminal):
        if grows and outcome(deal) == "lost" and end == closed(deal):
            end = AS_OF  # a counter that nobody stopped
        totals[name] = totals.get(name, 0) + int(((end or AS_OF) - at).total_seconds())
    return totals


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def plain(at):
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else ""


def write(path, header, rows):
    path = HERE / path
    path.parent.mkdir(exist_ok=True)
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def live():
    return [deal for deal in DEALS if not deleted(deal)]


def canonical():
    write("canonical/deals.csv", ["deal", "created", "outcome", "closed", "amount", "shows"],
          [[d[0], iso(created(d)), outcome(d), iso(closed(d)), d[1], d[3]] for d in DEALS])
    write("canonical/entries.csv", ["deal", "stage", "entered"],
          [[d[0], name, iso(at)] for d in DEALS for name, at in d[2]])


def hubspot():
    sid = STAGE_ID
    stages = [[sid[s], s, "default", at, p, s in (WON, LOST), s == WON, True] for at, (s, p) in
              enumerate(zip(STAGES, [0.2, 0.4, 0.8, 0.1, 1, 0]))]
    write("hubspot/deal_pipeline_stage.csv",
          ["stage_id", "label", "pipeline_id", "display_order", "probability", "is_closed", "closed_won", "active"], stages)
    write("hubspot/deal.csv",
          ["deal_id", "deal_pipeline_id", "deal_pipeline_stage_id", "owner_id", "is_deleted", "property_dealname", "property_amount",
           "property_closedate", "property_createdate"],
          [[100 + d[0], "default", sid[stage(d)], 51, deleted(d), f"Deal {d[0]}", d[1], expected_close(d), iso(created(d))] for d in DEALS])
    write("hubspot/deal_stage.csv", ["deal_id", "value", "date_entered", "source", "source_id", "_fivetran_active"],
          [[100 + d[0], sid[name], iso(at), "CRM_UI", "userId:51", at == d[2][-1][1]] for d in DEALS for name, at in d[2]])
    # Properties of the interface: per stage the last entry only, and times in ms.
    header = ["hs_object_id", "dealname", "amount", "dealstage", "pipeline", "closedate", "createdate", "hs_is_closed", "hs_is_closed_won"]
    parts = ["hs_v2_date_entered_", "hs_v2_date_exited_", "hs_v2_latest_time_in_", "hs_v2_cumulative_time_in_"]
    header += [f"{part}{sid[name]}" for name in STAGES for part in parts]
    rows = []
    for d in live():
        row = [100 + d[0], f"Deal {d[0]}", d[1], sid[stage(d)], "default", expected_close(d), iso(created(d)),
               str(outcome(d) in ("won", "lost")).lower(), str(outcome(d) == "won").lower()]
        for name in STAGES:
            own = [stay for stay in stays(d) if stay[0] == name]
            if not own:
                row += ["", "", "", ""]
                continue
            _, at, end = own[-1]
            total = sum(((e or AS_OF) - a).total_seconds() for _, a, e in own) * 1000
            row += [iso(at), iso(end), int((end - at).total_seconds() * 1000) if end else "", int(total)]
        rows.append(row)
    write("hubspot/deals_wide.csv", header, rows)
    write("hubspot/deals_view.csv",
          ["Record ID", "Deal Name", "Amount", "Deal Stage", "Close Date", "Deal owner", "Associated Company IDs", "Pipeline", "Create Date",
           "Date entered current stage"],
          [[100 + d[0], f"Deal {d[0]}", f"${d[1]:,}", stage(d), expected_close(d), "Sara", f"{900 + d[0]};{800 + d[0]}", "Sales",
            plain(created(d)), plain(d[2][-1][1]) if d[2] else ""] for d in live()])


def salesforce():
    key = lambda d: f"006{d[0]:02d}"
    write("salesforce/Opportunity.csv",
          ["Id", "AccountId", "Name", "StageName", "Amount", "Probability", "CloseDate", "CreatedDate", "IsClosed", "IsWon", "IsDeleted", "OwnerId"],
          [[key(d), f"001{d[0] % 4}", f"Deal {d[0]}", stage(d), d[1], 40, expected_close(d), iso(created(d)),
            str(outcome(d) in ("won", "lost")).lower(), str(outcome(d) == "won").lower(), str(deleted(d)).lower(), "0051"] for d in DEALS])
    rows = []
    for d in DEALS:
        for name, at, end in stays(d):
            rows.append([f"008{len(rows):03d}", key(d), iso(at), "0051", name, d[1] / 2, d[1] / 4, expected_close(d), 40, "Pipeline", "false"])
            if end is None or end - at > timedelta(days=2):
                # The amount was saved a day later: a row of the same stage.
                rows.append([f"008{len(rows):03d}", key(d), iso(at + timedelta(days=1)), "0051", name, d[1], d[1] / 2, expected_close(d), 40,
                             "Pipeline", "false"])
    write("salesforce/OpportunityHistory.csv",
          ["Id", "OpportunityId", "CreatedDate", "CreatedById", "StageName", "Amount", "ExpectedRevenue", "CloseDate", "Probability",
           "ForecastCategory", "IsDeleted"], rows)
    rows = []
    for d in DEALS:
        for (old, _), (new, at) in zip(d[2], d[2][1:]):
            rows.append([f"017{len(rows):03d}", key(d), "StageName", old, new, iso(at), "0051"])
        if d[2]:
            rows.append([f"017{len(rows):03d}", key(d), "Amount", d[1] / 2, d[1], iso(d[2][0][1] + timedelta(days=1)), "0051"])
    write("salesforce/OpportunityFieldHistory.csv",
          ["Id", "OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate", "CreatedById"], rows)
    write("salesforce/OpportunityStage.csv",
          ["Id", "MasterLabel", "ApiName", "IsActive", "IsClosed", "IsWon", "SortOrder", "DefaultProbability", "ForecastCategoryName"],
          [[f"01J{at}", s, s, "true", str(s in (WON, LOST)).lower(), str(s == WON).lower(), at + 1, 10, "Pipeline"] for at, s in enumerate(STAGES)])


def pipedrive():
    sid = STAGE_ID
    base = ["id", "title", "value", "currency", "status", "stage_id", "pipeline_id", "add_time", "update_time", "won_time", "lost_time",
            "close_time", "expected_close_date", "user_id", "org_id"]

    def row(d):
        status = {"won": "won", "lost": "lost"}.get(outcome(d), "deleted" if deleted(d) else "open")
        return [d[0] + 200, f"Deal {d[0]}", d[1], "EUR", status, sid[current(d, ())], 1, plain(created(d)), "2024-03-31 00:00:00",
                plain(closed(d)) if status == "won" else "", plain(closed(d)) if status == "lost" else "", plain(closed(d)), expected_close(d),
                9, 30 + d[0] % 4]

    write("pipedrive/deals.csv", base, [row(d) for d in DEALS])
    write("pipedrive/deals_current.csv", base + ["stage_change_time"],
          [row(d) + [plain(entries(d, ())[-1][1]) if d[2] else ""] for d in DEALS])
    times = lambda d: json.dumps({"times_in_stages": {str(sid[s]): t for s, t in seconds(d, ()).items()},
                                  "order_of_stages": [sid[s] for s in STAGES[:4]]}) if d[2] else ""
    write("pipedrive/deals_times.csv", base + ["stay_in_pipeline_stages"], [row(d) + [times(d)] for d in DEALS])
    rows = []
    for d in DEALS:
        told = entries(d, ())
        for (old, _), (new, at) in zip(told, told[1:]):
            rows.append(["dealChange", plain(at), 4000 + len(rows), d[0] + 200, 9, "stage_id", sid[old], sid[new], plain(at)])
        if closed(d):
            rows.append(["dealChange", plain(closed(d)), 4000 + len(rows), d[0] + 200, 9, "status", "open", outcome(d), plain(closed(d))])
    write("pipedrive/flow.csv",
          ["object", "timestamp", "data.id", "data.item_id", "data.user_id", "data.field_key", "data.old_value", "data.new_value", "data.log_time"], rows)
    write("pipedrive/changelog.csv",
          ["deal_id", "field_key", "old_value", "new_value", "actor_user_id", "time", "change_source", "change_source_user_agent", "is_bulk_update_flag"],
          [[row[3], *row[5:8], 9, row[8], "app", "", "false"] for row in rows])
    write("pipedrive/stages.csv",
          ["id", "order_nr", "name", "pipeline_id", "deal_probability", "rotten_flag", "active_flag"],
          [[sid[s], at + 1, s, 1, 100, "false", "true"] for at, s in enumerate(STAGES[:4])])


def zoho():
    key = lambda d: f"zcrm_{d[0] + 3000}"
    write("zoho/Deals.csv",
          ["Record Id", "Deal Name", "Amount", "Stage", "Probability (%)", "Expected Revenue", "Closing Date", "Account Name", "Deal Owner", "Created Time"],
          [[key(d), f"Deal {d[0]}", d[1], stage(d), 40, d[1] / 2, expected_close(d), f"Account {d[0] % 4}", "Sara", plain(created(d))] for d in live()])
    rows = []
    for d in DEALS:
        for name, at, end in stays(d):
            rows.append([key(d), name, d[1], 40, expected_close(d), (end - at).days if end else "", plain(at), "Sara"])
    # The same by the names of the interface, as its own module has them.
    moves = []
    for d in DEALS:
        told = stays(d)
        for at, (name, begin, end) in enumerate(told):
            to = told[at + 1][0] if at + 1 < len(told) else ""
            moves.append([f"zcrm_h{len(moves)}", f"Deal {d[0]}", key(d), name, to, (end - begin).days if end else "", d[1], 40, expected_close(d), plain(begin)])
    write("zoho/DealHistory.csv",
          ["id", "Potential_Name.name", "Potential_Name.id", "Stage", "Moved_To__s", "Stage_Duration_Calendar_Days", "Amount", "Probability",
           "Closing_Date", "Modified_Time"], moves)
    write("zoho/Stage_History.csv",
          ["Deal Id", "Stage", "Amount", "Probability (%)", "Closing Date", "Stage Duration (Calendar Days)", "Modified Time", "Modified By"], rows)


def odoo():
    sid = {**STAGE_ID, "Won": STAGE_ID[WON]}
    label = lambda name: "Won" if name == WON else name
    base = ["id", "name", "stage_id", "user_id", "partner_id", "expected_revenue", "probability", "create_date", "date_closed", "date_deadline", "active"]

    def row(d):
        lost = outcome(d) == "lost"
        return [d[0] + 400, f"Deal {d[0]}", label(current(d, (WON,))), "Sara", f"Partner {d[0] % 4}", d[1], 0 if lost else 100 if outcome(d) == "won" else 40,
                plain(created(d)), plain(closed(d)), expected_close(d), str(not lost)]

    write("odoo/crm_lead.csv", base, [row(d) for d in live()])
    write("odoo/crm_lead_current.csv", base + ["date_last_stage_update"],
          [row(d) + [plain(entries(d, (WON,))[-1][1]) if d[2] else ""] for d in live()])
    times = lambda d: json.dumps({str(sid[s]): t for s, t in seconds(d, (WON,), grows=True).items()}) if d[2] else ""
    write("odoo/crm_lead_durations.csv", base + ["duration_tracking"], [row(d) + [times(d)] for d in live()])
    write("odoo/crm_stage.csv", ["id", "name", "sequence", "is_won"],
          [[sid[s], label(s), at + 1, str(s == WON)] for at, s in enumerate(STAGES[:5])])
    # 331 is the stage, 340 the expected revenue: an export by SQL has no names of fields.
    values, messages = [], []

    def track(d, at, field, old, new, of_model="crm.lead"):
        messages.append([6000 + len(messages), of_model, d[0] + 400, plain(at), "notification"])
        values.append([5000 + len(values), field, old, new, messages[-1][0]])

    for d in DEALS:
        told = entries(d, (WON,))
        for (old, _), (new, at) in zip(told, told[1:]):
            track(d, at, 331, label(old), label(new))
        if d[2]:
            track(d, d[2][0][1] + timedelta(days=1), 340, d[1] / 2, d[1])
    track(DEALS[0], day("01-08"), 331, "Qualify", "Propose", of_model="res.partner")
    write("odoo/mail_tracking_value.csv", ["id", "field_id", "old_value_char", "new_value_char", "mail_message_id"], values)
    write("odoo/mail_message.csv", ["id", "model", "res_id", "date", "message_type"], messages)


def dynamics():
    key = lambda d: f"0000{d[0]:02d}aa-0000-4000-8000-000000000000"
    guid = {s: f"5f{STAGE_ID[s]}-1111-4000-8000-000000000000" for s in STAGES}
    write("dynamics/opportunity.csv",
          ["opportunityid", "name", "estimatedvalue", "estimatedclosedate", "actualvalue", "actualclosedate", "closeprobability", "statecode",
           "statuscode", "parentaccountid", "ownerid", "createdon", "modifiedon"],
          [[key(d), f"Deal {d[0]}", d[1], expected_close(d), d[1] if outcome(d) == "won" else "", iso(closed(d)), 40,
            {"won": 1, "lost": 2}.get(outcome(d), 0), 2 if outcome(d) == "hold" else 1, f"Account {d[0] % 4}", "Sara", iso(created(d)),
            "2024-03-31T00:00:00Z"] for d in live()])
    rows = []
    for d in live():
        told = entries(d, ())
        if told:
            path = ",".join(guid[name] for name, _ in told)
            rows.append([f"bpf{d[0]}", key(d), guid[told[-1][0]], iso(told[-1][1]), path, iso(closed(d)), iso(created(d)), 1 if closed(d) else 0])
    write("dynamics/opportunitysalesprocess.csv",
          ["businessprocessflowinstanceid", "opportunityid", "activestageid", "activestagestartedon", "traversedpath", "completedon", "createdon", "statecode"],
          rows)
    write("dynamics/processstage.csv", ["processstageid", "stagename", "stagecategory", "processid"],
          [[guid[s], s, at, "3e8ebee6"] for at, s in enumerate(STAGES[:4])])


def suitecrm():
    key = lambda d: f"s{d[0]:02d}-4c1e"
    write("suitecrm/opportunities.csv",
          ["id", "name", "opportunity_type", "account_id", "lead_source", "amount", "amount_usdollar", "currency_id", "date_closed", "sales_stage",
           "probability", "assigned_user_id", "date_entered", "date_modified", "deleted"],
          [[key(d), f"Deal {d[0]}", "New Business", f"a{d[0] % 4}", "Web", d[1], d[1], "-99", expected_close(d), stage(d), 40, "u1", plain(created(d)),
            "2024-03-31 00:00:00", int(deleted(d))] for d in DEALS])
    rows = []
    for d in DEALS:
        for (old, _), (new, at) in zip(d[2], d[2][1:]):
            rows.append([f"au{len(rows)}", key(d), plain(at), "u1", "sales_stage", "enum", old, new, "", ""])
        if d[2]:
            rows.append([f"au{len(rows)}", key(d), plain(d[2][0][1] + timedelta(days=1)), "u1", "amount", "currency", d[1] / 2, d[1], "", ""])
    write("suitecrm/opportunities_audit.csv",
          ["id", "parent_id", "date_created", "created_by", "field_name", "data_type", "before_value_string", "after_value_string",
           "before_value_text", "after_value_text"], rows)


def espocrm():
    key = lambda d: f"e{d[0]:02d}5a7c"
    write("espocrm/opportunity.csv",
          ["id", "name", "amount", "amountCurrency", "amountConverted", "stage", "lastStage", "probability", "leadSource", "closeDate", "accountId",
           "assignedUserId", "createdAt", "modifiedAt", "deleted"],
          [[key(d), f"Deal {d[0]}", d[1], "EUR", d[1], stage(d), "Negotiate", 40, "Web", expected_close(d), f"a{d[0] % 4}", "u1", plain(created(d)),
            "2024-03-31 00:00:00", int(deleted(d))] for d in DEALS])
    rows = []

    def note(d, at, kind, data):
        rows.append([f"n{len(rows)}", kind, json.dumps(data), "Opportunity", key(d), plain(at), "u1"])

    for d in DEALS:
        if d[2]:
            note(d, d[2][0][1], "Create", {"assignedUserId": "u1", "statusValue": d[2][0][0], "statusField": "stage", "statusStyle": "default"})
            note(d, d[2][0][1] + timedelta(days=1), "Update",
                 {"fields": ["amount"], "attributes": {"was": {"amount": d[1] / 2}, "became": {"amount": d[1]}}})
        for new, at in d[2][1:]:
            # The stage is the status of an opportunity: its changes are notes of their own kind, which tell the new value only.
            note(d, at, "Status", {"field": "stage", "value": new, "style": "default"})
    write("espocrm/note.csv", ["id", "type", "data", "parentType", "parentId", "createdAt", "createdById"], rows)


def frappe():
    key = lambda d: f"CRM-DEAL-2024-{d[0]:05d}"
    write("frappe/crm_deal.csv",
          ["name", "organization", "status", "probability", "deal_value", "currency", "exchange_rate", "expected_closure_date", "closed_date",
           "deal_owner", "creation", "modified"],
          [[key(d), f"Org {d[0] % 4}", stage(d), 40, d[1], "EUR", 1, expected_close(d), closed(d).strftime("%Y-%m-%d") if closed(d) else "", "sara",
            plain(created(d)), "2024-03-31 00:00:00"] for d in live()])
    rows = []
    types = {WON: "Won", LOST: "Lost", HOLD: "On Hold"}
    for d in DEALS:
        told = stays(d)
        for at, (name, begin, end) in enumerate(told):
            to = told[at + 1][0] if at + 1 < len(told) else ""
            end = end if to else None
            rows.append([key(d), at + 1, name, types.get(name, "Open"), plain(begin), to, types.get(to, "Open") if to else "", plain(end),
                         int((end - begin).total_seconds()) if end else "", "sara"])
    # No log: the first change writes a stay of a minute.
    nine = next(d for d in DEALS if not d[2])
    moved = day("03-20")
    rows.append([key(nine), 1, "Qualify", "Open", plain(moved - timedelta(minutes=1)), "Propose", "Open", plain(moved), 60, "sara"])
    rows.append([key(nine), 2, "Propose", "Open", plain(moved), "", "", "", "", "sara"])
    write("frappe/status_change_log.csv",
          ["parent", "idx", "from", "from_type", "from_date", "to", "to_type", "to_date", "duration", "log_owner"], rows)


def bitrix24():
    sid = dict(zip(STAGES, ["C7:NEW", "C7:UC_A1", "C7:UC_B2", "C7:UC_C3", "C7:WON", "C7:LOSE"]))
    meaning = lambda name: {WON: "S", LOST: "F"}.get(name, "P")
    write("bitrix24/deals.csv",
          ["ID", "TITLE", "STAGE_ID", "STAGE_SEMANTIC_ID", "CATEGORY_ID", "OPPORTUNITY", "CURRENCY_ID", "BEGINDATE", "CLOSEDATE", "CLOSED", "DATE_CREATE",
           "ASSIGNED_BY_ID", "COMPANY_ID"],
          [[d[0] + 600, f"Deal {d[0]}", sid[stage(d)], meaning(stage(d)), 7, d[1], "RUB", "2024-01-01", expected_close(d),
            "Y" if closed(d) else "N", iso(created(d)), 5, d[0] % 4 + 1] for d in live()])
    rows = []
    for d in DEALS:
        for at, (name, when) in enumerate(d[2]):
            rows.append([8000 + len(rows), 1 if at == 0 else 3 if name in (WON, LOST) else 2, d[0] + 600, iso(when), 7, meaning(name), sid[name]])
    write("bitrix24/stagehistory.csv",
          ["ID", "TYPE_ID", "OWNER_ID", "CREATED_TIME", "CATEGORY_ID", "STAGE_SEMANTIC_ID", "STAGE_ID"], rows)
    write("bitrix24/crm_status.csv", ["ID", "ENTITY_ID", "STATUS_ID", "NAME", "SORT", "SEMANTICS"],
          [[at + 1, "DEAL_STAGE_7", sid[s], s, 10 * (at + 1), {WON: "S", LOST: "F"}.get(s, "")] for at, s in enumerate(STAGES)])


for table in [canonical, hubspot, salesforce, pipedrive, zoho, odoo, dynamics, suitecrm, espocrm, frappe, bitrix24]:
    table()
