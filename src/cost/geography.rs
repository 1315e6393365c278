//! Which geographies of cross-region profiles a region belongs to.
//!
//! Bedrock prefixes the models of a geography with its name (`us.`, `eu.`, ...); Japan and Australia have
//! their own next to the wider `apac`. Source: the prefixes of the price book and of AWS's profile ids.

/// The geographies of a region, the narrowest first; empty where none is known.
pub(super) fn geographies(region: &str) -> &'static [&'static str] {
    const JAPAN: [&str; 2] = ["ap-northeast-1", "ap-northeast-3"];
    const AUSTRALIA: [&str; 2] = ["ap-southeast-2", "ap-southeast-4"];
    match region {
        region if JAPAN.contains(&region) => &["jp", "apac"],
        region if AUSTRALIA.contains(&region) => &["au", "apac"],
        region if region.starts_with("ap-") => &["apac"],
        region if region.starts_with("us-gov-") => &["us-gov"],
        region if region.starts_with("us-") => &["us"],
        region if region.starts_with("eu-") => &["eu"],
        region if region.starts_with("ca-") => &["ca", "us"],
        region if region.starts_with("sa-") => &["sa"],
        _ => &[],
    }
}
