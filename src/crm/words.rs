//! The words of CRM exports: column headers by role and texts of outcomes, in English, Persian and Arabic.

use super::Outcome;
use super::mapping::{CustomerRole, DealRole, HistoryRole, InteractionRole, OrderRole};
use crate::read::case::lowered;
use crate::read::fold;
use crate::table::Column;

/// A header or a value reduced to what its spellings share ([`fold::folded`]), without the prefix that some exports put
/// before every column.
pub(super) fn folded(text: &str) -> String {
    let lower = lowered(text.trim());
    let own =
        ["deal - ", "opportunity - ", "lead - "].iter().find_map(|prefix| lower.strip_prefix(prefix)).unwrap_or(&lower);
    fold::folded(own)
}

/// The folded headers of a table, and whether all columns share a prefix such as `Obchod - `, which is then taken off.
pub(super) fn header_names(table: &[Column]) -> (Vec<String>, bool) {
    let prefix = table.first().and_then(|column| column.name.split_once(" - ")).map(|(prefix, _)| prefix);
    let own = |column: &'_ Column| -> Option<String> {
        let rest = column.name.strip_prefix(prefix?)?.strip_prefix(" - ")?;
        Some(fold::folded(rest))
    };
    let stripped: Option<Vec<String>> = if table.len() > 2 { table.iter().map(own).collect() } else { None };
    match stripped {
        Some(names) => (names, true),
        None => (table.iter().map(|column| folded(&column.name)).collect(), false),
    }
}

/// The outcome that `text` names by itself; `None` for any other text, such as the name of an open stage.
pub(super) fn outcome_word(text: &str) -> Option<Outcome> {
    // Bitrix24 puts the funnel before the stage: `C7:WON`.
    let text = text
        .split_once(':')
        .filter(|(funnel, _)| funnel.strip_prefix('C').is_some_and(is_number))
        .map_or(text, |(_, stage)| stage);
    let word: String = folded(text).chars().filter(|c| c.is_alphabetic()).collect();
    let is = |words: &[&str]| words.contains(&word.as_str());
    if is(&[
        "won",
        "closedwon",
        "closewon",
        "dealwon",
        "win",
        "sold",
        "برنده",
        "برندهشده",
        "موفق",
        "بردهشده",
        "فروختهشده",
        "بستهموفق",
        "فروشموفق",
        "رابحه",
        "مکسوبه",
        "ناجحه",
    ]) {
        Some(Outcome::Won)
    } else if is(&[
        "lost",
        "lose",
        "closedlost",
        "closedlosttocompetition",
        "closelost",
        "deallost",
        "loss",
        "بازنده",
        "ناموفق",
        "ازدسترفته",
        "شکست",
        "شکستخورده",
        "باخته",
        "بستهناموفق",
        "خاسره",
        "مفقوده",
        "خساره",
    ]) {
        Some(Outcome::Lost)
    } else if is(&["onhold", "hold", "stalled", "paused", "متوقف", "معلق", "معلقه", "موقوفه"]) {
        Some(Outcome::Hold)
    } else if is(&["closed", "بسته", "بستهشده", "خاتمهیافته", "مغلق", "مغلقه"]) {
        Some(Outcome::Closed)
    } else if is(&[
        "open",
        "opened",
        "inprogress",
        "ongoing",
        "active",
        "باز",
        "جاری",
        "درجریان",
        "درحالپیگیری",
        "مفتوح",
        "مفتوحه",
    ]) {
        Some(Outcome::Open)
    } else {
        None
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A role with the headers that mean it, the surest first.
pub(super) trait Words: Copy + Ord + 'static {
    /// All roles, the ones that claim their column first in front.
    fn all() -> &'static [Self];
    /// Name in mappings.
    fn name(self) -> &'static str;
    /// Folded headers.
    fn headers(self) -> &'static [&'static str];
    /// Whether the role needs instants.
    fn is_instant(self) -> bool;
    /// Whether the role needs numbers.
    fn is_number(self) -> bool;
}

macro_rules! words {
    ($type:ty, instants: [$($instant:ident)*], numbers: [$($number:ident)*], { $($role:ident: [$($word:literal),* $(,)?]),* $(,)? }) => {
        impl Words for $type {
            fn all() -> &'static [Self] {
                Self::ALL
            }
            fn name(self) -> &'static str {
                <$type>::name(self)
            }
            fn headers(self) -> &'static [&'static str] {
                match self {
                    $(Self::$role => &[$($word),*]),*
                }
            }
            #[allow(unreachable_patterns)]
            fn is_instant(self) -> bool {
                match self {
                    $(Self::$instant => true,)*
                    _ => false,
                }
            }
            #[allow(unreachable_patterns)]
            fn is_number(self) -> bool {
                match self {
                    $(Self::$number => true,)*
                    _ => false,
                }
            }
        }
    };
}

words!(DealRole, instants: [CreatedAt ClosedAt ExpectedClose StageEnteredAt WonAt LostAt], numbers: [Amount Probability Weight ExchangeRate], {
    Id: ["opportunityid", "dealid", "recordid", "hsobjectid", "id", "opportunitynumber", "dealnumber", "leadid", "شناسه", "شناسهمعامله", "شناسهفرصت",
        "کدمعامله", "کدفرصت", "شمارهمعامله", "شمارهفرصت", "کد", "رقمالصفقه", "معرفالصفقه", "المعرف"],
    CreatedAt: ["createdat", "createddate", "createdate", "createdtime", "createdon", "datecreated", "creationdate", "dealcreated", "dateentered", "addtime",
        "datecreate", "creation", "engagedate", "opendate", "openeddate", "openedat", "begindate", "startdate", "created", "dateopen", "تاریخایجاد", "تاریخثبت",
        "تاریخشروع", "زمانایجاد", "تاریخالانشاء", "تاریخانشاء"],
    ClosedAt: ["closedat", "closeddate", "dealclosedon", "dateclosed", "actualclosedate", "actualend", "closedon", "closetime", "closedate", "closingdate", "enddate",
        "تاریخبستن", "تاریخبستهشدن", "تاریخپایان", "تاریخاتمام", "تاریخالاغلاق", "تاریخاغلاق"],
    Outcome: ["outcome", "dealoutcome", "wonstatus", "status", "dealstatus", "opportunitystatus", "result", "statecode", "state", "وضعیت", "نتیجه", "وضعیتمعامله",
        "الحاله", "النتیجه"],
    Stage: ["dealstage", "stage", "stagename", "salesstage", "pipelinestage", "stageid", "stepname", "مرحله", "مرحلهفروش", "مرحلهمعامله", "المرحله"],
    Amount: ["amount", "dealamount", "value", "dealvalue", "closevalue", "estimatedvalue", "expectedrevenue", "opportunity", "revenue", "مبلغ", "ارزش", "ارزشمعامله",
        "مبلغمعامله", "قیمت", "المبلغ", "القیمه"],
    Owner: ["owner", "dealowner", "ownername", "ownerid", "hubspotownerid", "salesagent", "salesperson", "salesrep", "accountexecutive", "assignedto",
        "assigneduserid", "assignedbyid", "userid", "user", "کارشناس", "کارشناسفروش", "مسئول", "مسئولفروش", "مسئولپیگیری", "مالک", "فروشنده", "المالک", "المسؤول",
        "المندوب"],
    CustomerId: ["customerid", "accountid", "account", "customer", "accountname", "customername", "companyid", "companyname", "company", "organization",
        "organisation", "orgid", "orgname", "partnerid", "partnername", "parentaccountid", "clientid", "client", "associatedcompanyids", "شناسهمشتری", "مشتری",
        "ناممشتری", "شرکت", "نامشرکت", "سازمان", "العمیل", "الشرکه"],
    Product: ["product", "productname", "productid", "محصول", "ناممحصول", "کالا", "المنتج"],
    Source: ["source", "leadsource", "sourceid", "channel", "منبع", "کانال", "المصدر"],
    ExpectedClose: ["expectedclosedate", "expectedclose", "expectedclosingdate", "expectedclosuredate", "estimatedclosedate", "datedeadline", "تاریخبستهشدنموردانتظار",
        "تاریخپیشبینیشده", "تاریخالاغلاقالمتوقع"],
    Probability: ["probability", "closeprobability", "dealprobability", "winprobability", "hsdealstageprobability", "forecastprobability", "احتمال", "احتمالموفقیت",
        "الاحتمال"],
    LostReason: ["lostreason", "lossreason", "lostreasonid", "reasonforloss", "reasonforlosss", "closedlostreason", "دلیلشکست", "علتشکست", "دلیلازدسترفتن", "دلیلباخت",
        "سببالخساره"],
    Weight: ["weight", "weights", "rowweight"],
    StageEnteredAt: ["stageenteredat", "stagechangetime", "laststagechange", "laststagechangedate", "datelaststageupdate", "activestagestartedon",
        "hsv2dateenteredcurrentstage", "dateenteredcurrentstage", "movedtime", "تاریخورودبهمرحله", "تاریخورودبهمرحلهفعلی"],
    StageTimes: ["timesinstages", "durationtracking", "stayinpipelinestages"],
    StageOrder: ["orderofstages"],
    Currency: [],
    ExchangeRate: ["exchangerate", "hsexchangerate"],
    IsClosed: ["isclosed", "hsisclosed"],
    IsWon: ["iswon", "hsisclosedwon"],
    IsDeleted: ["isdeleted"],
    IsActive: [],
    WonAt: [],
    LostAt: [],
});

words!(HistoryRole, instants: [EnteredAt ExitedAt ClosedAt], numbers: [Weight Duration], {
    DealId: ["dealid", "opportunityid", "caseconceptname", "caseid", "parentid", "deal", "opportunity", "case", "leadid", "ownerid", "recordid", "شناسهمعامله",
        "کدمعامله", "شناسهفرصت", "معامله", "رقمالصفقه", "معرفالصفقه"],
    Stage: ["stage", "stagename", "dealstage", "salesstage", "stageid", "tostage", "newstage", "from", "newvalue", "aftervaluestring", "newvaluechar", "value", "conceptname", "activity", "status", "مرحله",
        "مرحلهفروش", "المرحله"],
    EnteredAt: ["enteredat", "dateentered", "enteredon", "entereddate", "entrydate", "entered", "fromdate", "timetimestamp", "timestamp", "createdtime",
        "createddate", "createdat", "changedat", "changedate", "datecreated", "time", "date", "تاریخورود", "زمانورود", "تاریخ", "زمان", "تاریخالدخول", "التاریخ"],
    ExitedAt: ["exitedat", "dateexited", "exitedon", "exiteddate", "exitdate", "exited", "todate", "leftat", "تاریخخروج", "زمانخروج", "تاریخالخروج"],
    ClosedAt: ["closedat", "closedate", "closeddate", "dealclosedat", "caseenddate", "تاریخبستن", "تاریخبستهشدن"],
    Weight: ["weight", "weights", "rowweight"],
    Field: ["field", "fieldname", "fieldid"],
    Old: ["oldvalue", "oldstage", "fromstage", "previousstage", "beforevaluestring", "oldvaluechar", "مرحلهقبلی"],
    To: ["to"],
    Duration: ["duration", "durationseconds"],
});

words!(CustomerRole, instants: [], numbers: [], {
    Id: ["customerid", "accountid", "account", "customer", "accountname", "customername", "companyid", "companyname", "company", "organization", "organisation",
        "orgid", "orgname", "partnerid", "clientid", "client", "id", "شناسهمشتری", "مشتری", "ناممشتری", "شرکت", "نامشرکت", "العمیل", "الشرکه"],
});

words!(OrderRole, instants: [Date], numbers: [Amount Quantity UnitPrice Weight], {
    CustomerId: ["customerid", "customer", "accountid", "account", "clientid", "client", "partnerid", "companyid", "company", "customername", "شناسهمشتری", "مشتری",
        "ناممشتری", "کدمشتری", "العمیل"],
    Date: ["orderdate", "invoicedate", "dateorder", "purchasedate", "orderedat", "date", "createdat", "day", "تاریخسفارش", "تاریخخرید", "تاریخ", "التاریخ"],
    Amount: ["amount", "orderamount", "amounttotal", "total", "totalamount", "totalprice", "ordervalue", "ordertotal", "revenue", "sales", "value", "مبلغ",
        "مبلغکل", "جمع", "المبلغ"],
    Quantity: ["quantity", "qty", "units", "pieces", "تعداد", "الکمیه"],
    UnitPrice: ["unitprice", "price", "قیمتواحد", "قیمت", "السعر"],
    Weight: ["weight", "weights", "rowweight"],
});

words!(InteractionRole, instants: [At], numbers: [Weight], {
    DealId: ["dealid", "opportunityid", "whatid", "relatedtoid", "relatedto", "regardingobjectid", "parentid", "associateddealids", "associateddeal", "deal",
        "opportunity", "leadid", "شناسهمعامله", "کدمعامله", "شناسهفرصت", "معامله", "رقمالصفقه", "معرفالصفقه"],
    At: ["occurredat", "happenedat", "at", "activitydatetime", "activitydate", "hstimestamp", "startdatetime", "datestart", "actualstart", "scheduledstart",
        "starttime", "startedat", "calldate", "meetingdate", "senton", "sentat", "timestamp", "date", "time", "duedate", "createdat", "createddate",
        "createdtime", "createdate", "createdon", "dateentered", "addtime", "تاریختماس", "تاریخجلسه", "تاریخفعالیت", "تاریخ", "زمان", "التاریخ"],
    Kind: ["activitytype", "activitytypecode", "interactiontype", "engagementtype", "tasksubtype", "communicationtype", "contacttype", "kind", "type",
        "نوعفعالیت", "نوعارتباط", "نوعتماس", "نوع", "نوعالنشاط", "النوع"],
    Weight: ["weight", "weights", "rowweight"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_header_fold_alike() {
        assert_eq!(folded("Deal - Deal created"), "dealcreated");
        assert_eq!(folded("Deal_Stage"), folded("dealstage"));
        assert_eq!(folded("تاريخ ايجاد"), folded("تاریخ\u{200c}ایجاد"));
    }

    #[test]
    fn every_word_is_folded_already() {
        fn check<R: Words>() {
            for role in R::all() {
                for word in role.headers() {
                    assert_eq!(folded(word), *word, "{}", role.name());
                }
            }
        }
        check::<DealRole>();
        check::<HistoryRole>();
        check::<CustomerRole>();
        check::<OrderRole>();
        check::<InteractionRole>();
    }

    #[test]
    fn outcomes_are_read_in_three_languages() {
        for (text, outcome) in [
            ("Closed Won", Outcome::Won),
            ("7 - closed_lost", Outcome::Lost),
            ("موفق", Outcome::Won),
            ("نا\u{200c}موفق", Outcome::Lost),
            ("خاسرة", Outcome::Lost),
            ("On Hold", Outcome::Hold),
            ("باز", Outcome::Open),
        ] {
            assert_eq!(outcome_word(text), Some(outcome), "{text}");
        }
        assert_eq!(outcome_word("Negotiation"), None);
    }
}
