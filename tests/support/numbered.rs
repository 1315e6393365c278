//! Numbered profiles as an AWS of ours lists them, a page at a time: with their model, and with their tags.

use serde_json::{Value, json};

/// How many profiles a page has, and how many of those with tags.
const PROFILES_A_PAGE: usize = 1000;
const TAGGED_A_PAGE: usize = 100;

/// Numbered profiles.
pub(crate) struct Numbered<'a> {
    /// How many there are.
    pub count: usize,
    /// The model of all of them.
    pub model: &'a str,
    /// The id of each.
    pub id: fn(usize) -> String,
    /// The tenant of each.
    pub tenant: fn(usize) -> String,
}

impl Numbered<'_> {
    /// What ListInferenceProfiles answers to a request with this head, in small letters.
    pub(crate) fn profiles(&self, head: &str) -> Vec<u8> {
        let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse();
        let start: usize = head.split("nexttoken=").nth(1).and_then(|rest| digits(rest).ok()).unwrap_or(0);
        let end = (start + PROFILES_A_PAGE).min(self.count);
        let summary = |number: usize| {
            let id = (self.id)(number);
            json!({
                "inferenceProfileName": id, "inferenceProfileArn": arn(&id), "inferenceProfileId": id,
                "models": [{"modelArn": format!("arn:aws:bedrock:us-east-1::foundation-model/{}", self.model)}],
                "status": "ACTIVE", "type": "APPLICATION",
            })
        };
        let next = (end < self.count).then(|| end.to_string());
        let page: Vec<Value> = (start..end).map(summary).collect();
        json!({"inferenceProfileSummaries": page, "nextToken": next}).to_string().into_bytes()
    }

    /// What GetResources answers to a request with this body.
    pub(crate) fn resources(&self, body: &[u8]) -> Vec<u8> {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let start: usize = request["PaginationToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or(0);
        let end = (start + TAGGED_A_PAGE).min(self.count);
        let mapping = |number: usize| {
            let tag = json!({"Key": "TenantID", "Value": (self.tenant)(number)});
            json!({"ResourceARN": arn(&(self.id)(number)), "Tags": [tag]})
        };
        let next = if end < self.count { end.to_string() } else { String::new() };
        let page: Vec<Value> = (start..end).map(mapping).collect();
        json!({"ResourceTagMappingList": page, "PaginationToken": next}).to_string().into_bytes()
    }
}

fn arn(id: &str) -> String {
    format!("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/{id}")
}
