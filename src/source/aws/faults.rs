//! What went wrong with a request, in words a person can act on, without secrets.

use std::error::Error;
use std::fmt::Write;

use aws_sdk_cloudwatch::config::http::HttpResponse;
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};

use crate::domain::text::printable;
use crate::source::{SourceError, SourceErrorKind};

/// The longest part of AWS's own message that is shown, in characters.
const LONGEST_MESSAGE: usize = 200;

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The region.
    pub region: String,
    /// The AWS profile, if one is named.
    pub profile: Option<String>,
    /// The role that is assumed, if one is.
    pub role: Option<String>,
    /// The endpoint, if it is not AWS's own.
    pub endpoint: Option<String>,
}

/// The fault of a request for `action` (`cloudwatch:GetMetricData`).
pub(super) fn fault<E>(action: &str, error: &SdkError<E, HttpResponse>, place: &Place) -> SourceError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let causes = causes(error);
    let said = error.as_service_error().and_then(ProvideErrorMetadata::message);
    let kind = match kind_of(error, code, status, &causes) {
        SourceErrorKind::Credentials if is_about_the_clock(said.unwrap_or_default()) => SourceErrorKind::Clock,
        kind => kind,
    };
    let detail = detail(kind, code, status, said, &causes);
    SourceError {
        kind,
        message: format!("{action} in {}: {detail}", place_name(place)),
        remedy: remedy(kind, action, place),
    }
}

fn kind_of<E, R>(error: &SdkError<E, R>, code: &str, status: u16, causes: &str) -> SourceErrorKind {
    match error {
        SdkError::TimeoutError(_) => SourceErrorKind::Timeout,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => SourceErrorKind::Timeout,
        _ if is_about_credentials(causes) => credentials_kind(causes),
        SdkError::DispatchFailure(_) => SourceErrorKind::Unreachable,
        _ => kind_of_answer(code, status),
    }
}

/// By the code of the service; by the status where the body had none.
fn kind_of_answer(code: &str, status: u16) -> SourceErrorKind {
    match (code, status) {
        ("RequestTimeTooSkewed" | "RequestInTheFuture" | "RequestExpired", _) => SourceErrorKind::Clock,
        ("ExpiredToken" | "ExpiredTokenException", _) => SourceErrorKind::Expired,
        (
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "AuthFailure"
            | "InvalidAccessKeyId",
            _,
        ) => SourceErrorKind::Credentials,
        (code, _) if code.starts_with("AccessDenied") || code == "UnauthorizedOperation" => SourceErrorKind::Denied,
        (code, status) if code.starts_with("Throttl") || code.contains("TooManyRequests") || status == 429 => {
            SourceErrorKind::Throttled
        }
        ("RequestLimitExceeded" | "LimitExceeded" | "LimitExceededException", _) => SourceErrorKind::Throttled,
        ("", 403) => SourceErrorKind::Denied,
        _ => SourceErrorKind::Service,
    }
}

/// A signature that was made at the wrong time is refused as a wrong one.
fn is_about_the_clock(said: &str) -> bool {
    said.contains("Signature expired") || said.contains("not yet current")
}

fn is_about_credentials(causes: &str) -> bool {
    let causes = causes.to_lowercase();
    ["credential", "sso token", "identity", "no providers in chain"].iter().any(|word| causes.contains(word))
}

fn credentials_kind(causes: &str) -> SourceErrorKind {
    let causes = causes.to_lowercase();
    let is_expired = causes.contains("expired") || causes.contains("sso token") || causes.contains("refresh");
    if is_expired { SourceErrorKind::Expired } else { SourceErrorKind::Credentials }
}

fn detail(kind: SourceErrorKind, code: &str, status: u16, message: Option<&str>, causes: &str) -> String {
    let plain = match kind {
        SourceErrorKind::Timeout => "no answer in time",
        SourceErrorKind::Unreachable => "the endpoint cannot be reached",
        SourceErrorKind::Credentials if code.is_empty() => "no AWS credentials were found",
        SourceErrorKind::Expired if code.is_empty() => "the AWS credentials have expired",
        _ => "",
    };
    if !plain.is_empty() {
        return plain.to_owned();
    }
    // A signature fault repeats what was signed; its code says enough.
    let said = message.filter(|_| !code.contains("Signature")).unwrap_or_default();
    let mut detail = match (code, status) {
        ("", 0) => format!("the answer cannot be understood: {causes}"),
        ("", status) => format!("the answer cannot be understood (status {status})"),
        (code, _) => code.to_owned(),
    };
    if !said.is_empty() {
        let _ = write!(detail, ": {said}");
    }
    printable(&detail).chars().take(LONGEST_MESSAGE).collect()
}

fn remedy(kind: SourceErrorKind, action: &str, place: &Place) -> String {
    let profile = place.profile.as_ref().map(|name| format!(" --profile {}", printable(name))).unwrap_or_default();
    match kind {
        SourceErrorKind::Throttled => "bedtop asks less often until it passes".to_owned(),
        SourceErrorKind::Expired => {
            format!("renew them, for example with `aws sso login{profile}`; bedtop goes on by itself")
        }
        SourceErrorKind::Credentials if place.role.is_some() => {
            let role = place.role.as_deref().unwrap_or_default();
            format!(
                "see whether the role can be assumed: `aws sts assume-role{profile} --role-arn {} --role-session-name test`",
                printable(role)
            )
        }
        SourceErrorKind::Credentials => {
            format!(
                "try `aws sts get-caller-identity{profile}`, then `aws configure{profile}` or `aws sso login{profile}`"
            )
        }
        SourceErrorKind::Denied => match &place.role {
            Some(role) => format!("allow {action} to {}", printable(role)),
            None => format!("allow {action} to the role or user that bedtop runs as"),
        },
        SourceErrorKind::Clock => {
            "set the clock of this machine, for example with `timedatectl set-ntp true`".to_owned()
        }
        SourceErrorKind::Timeout | SourceErrorKind::Unreachable => {
            format!("check the network, and that the region `{}` and any endpoint are right", printable(&place.region))
        }
        SourceErrorKind::Service | SourceErrorKind::Input | SourceErrorKind::Ceiling => {
            "bedtop asks again; see health.aws.amazon.com if it lasts".to_owned()
        }
    }
}

fn place_name(place: &Place) -> String {
    match &place.endpoint {
        Some(endpoint) => format!("{} ({})", printable(&place.region), printable(endpoint)),
        None => printable(&place.region),
    }
}

/// The error and its causes as one text, to look for words in.
fn causes(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| (*error).source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::throttled("ThrottlingException", 400, SourceErrorKind::Throttled)]
    #[case::throttled_bare("Throttling", 400, SourceErrorKind::Throttled)]
    #[case::throttled_without_a_body("", 429, SourceErrorKind::Throttled)]
    #[case::expired("ExpiredTokenException", 403, SourceErrorKind::Expired)]
    #[case::wrong_key("UnrecognizedClientException", 403, SourceErrorKind::Credentials)]
    #[case::denied("AccessDeniedException", 403, SourceErrorKind::Denied)]
    #[case::skewed("RequestTimeTooSkewed", 403, SourceErrorKind::Clock)]
    #[case::server("InternalServiceFault", 500, SourceErrorKind::Service)]
    #[case::gateway("", 503, SourceErrorKind::Service)]
    fn answers_have_a_kind(#[case] code: &str, #[case] status: u16, #[case] expected: SourceErrorKind) {
        assert_eq!(kind_of_answer(code, status), expected);
    }

    #[rstest]
    #[case::sso("failed to load the cached SSO token", SourceErrorKind::Expired)]
    #[case::none("the credential provider was not enabled", SourceErrorKind::Credentials)]
    fn missing_credentials_are_told_from_expired_ones(#[case] causes: &str, #[case] expected: SourceErrorKind) {
        assert!(is_about_credentials(causes));
        assert_eq!(credentials_kind(causes), expected);
    }

    #[test]
    fn what_was_signed_is_never_repeated() {
        let said = Some("The Canonical String for this request should have been 'GET secret'");
        let told = detail(SourceErrorKind::Credentials, "SignatureDoesNotMatch", 403, said, "");
        assert_eq!(told, "SignatureDoesNotMatch");
    }

    #[test]
    fn a_signature_of_the_wrong_time_is_about_the_clock() {
        assert!(is_about_the_clock("Signature expired: 20261124T115000Z is now earlier than 20261124T120000Z"));
        assert!(!is_about_the_clock("The security token included in the request is invalid"));
    }

    #[test]
    fn the_remedy_names_the_profile() {
        let place = Place { region: "us-east-1".into(), profile: Some("prod".into()), role: None, endpoint: None };
        let remedy = remedy(SourceErrorKind::Expired, "cloudwatch:GetMetricData", &place);
        assert!(remedy.contains("`aws sso login --profile prod`"), "{remedy}");
    }
}
