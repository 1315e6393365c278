//! Amazon Resource Names: where a thing lies, in every partition (`aws`, `aws-us-gov`, `aws-cn`, ...).

/// The parts of an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-us-gov`, `aws-cn`, `aws-iso`, ...
    pub partition: &'a str,
    /// `bedrock`.
    pub service: &'a str,
    /// `us-east-1`; empty for what has none, as models of global profiles do.
    pub region: &'a str,
    /// Twelve digits; empty for what AWS itself owns.
    pub account: &'a str,
    /// `application-inference-profile/blkjc8qmk04r`.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart; `None` where the text is none.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        let mut next = || parts.next();
        let arn = Self { partition: next()?, service: next()?, region: next()?, account: next()?, resource: next()? };
        (!arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty()).then_some(arn)
    }

    /// The last part of the resource: the bare id of a profile, the id of a model.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.resource.rsplit('/').next().unwrap_or(self.resource)
    }

    /// Whether it names an application inference profile.
    #[must_use]
    pub fn is_application_profile(&self) -> bool {
        self.service == "bedrock" && self.resource.starts_with("application-inference-profile/")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::commercial(
        "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/blkjc8qmk04r",
        "aws",
        true
    )]
    #[case::government("arn:aws-us-gov:bedrock:us-gov-west-1:1:application-inference-profile/x", "aws-us-gov", true)]
    #[case::china("arn:aws-cn:bedrock:cn-north-1:1:application-inference-profile/x", "aws-cn", true)]
    #[case::system("arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-lite-v1:0", "aws", false)]
    #[case::model_without_region("arn:aws:bedrock:::foundation-model/amazon.nova-lite-v1:0", "aws", false)]
    fn partitions(#[case] text: &str, #[case] partition: &str, #[case] is_application: bool) {
        let arn = Arn::parse(text).expect("an ARN");
        assert_eq!((arn.partition, arn.is_application_profile()), (partition, is_application));
    }

    #[test]
    fn the_id_is_the_last_part_with_its_colons() {
        let arn = Arn::parse("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0").expect("an ARN");
        assert_eq!((arn.id(), arn.region, arn.account), ("amazon.nova-lite-v1:0", "us-east-1", ""));
    }

    #[rstest]
    #[case("blkjc8qmk04r")]
    #[case("arn:aws:bedrock")]
    #[case("arn::bedrock:us-east-1:1:x")]
    #[case("")]
    fn other_texts_are_none(#[case] text: &str) {
        assert_eq!(Arn::parse(text), None);
    }
}
