//! What is stored: the polls of a fleet of 1,000 tenants with eight meters each, the same in every run.

/// The meters of a tenant at a minute.
pub(crate) type Row = [u64; 8];

/// How many tenants there are.
pub(crate) const TENANTS: usize = 1000;

/// Numbers that look random and are the same in every run.
fn mixed(seed: u64) -> u64 {
    let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ seed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ seed >> 31
}

/// 55 % of the tenants are idle, 25 % light, 15 % medium, 5 % heavy; all in bursts, by day more than by night. About
/// 12 % of the values are not zero.
pub(crate) fn row(tenant: usize, minute: i64) -> Row {
    let seed = |what: u64| mixed((tenant as u64) << 40 ^ minute.unsigned_abs() << 8 ^ what);
    let (rate, share) = match tenant % 20 {
        0 => (40, 90),
        1..=3 => (8, 55),
        4..=8 => (2, 12),
        _ => return [0; 8],
    };
    let hour = minute / 60 % 24;
    let by_day = if (7..20).contains(&hour) { 100 } else { 35 };
    let burst = mixed((tenant as u64) << 32 ^ (minute / 20).unsigned_abs()) % 100;
    if burst * 100 >= share * by_day {
        return [0; 8];
    }
    let calls = (0..4).map(|part| seed(part) % (rate + 1)).sum::<u64>() / 2;
    if calls == 0 {
        return [0; 8];
    }
    let tokens = |what: u64, size: u64| {
        calls * (size / 4 + seed(what) % size + seed(what + 1) % size * (seed(what + 2) % 4) / 4)
    };
    let cached = if tenant.is_multiple_of(3) { tokens(20, 3000) } else { 0 };
    let rare = |what: u64| u64::from(seed(what).is_multiple_of(40)) * (1 + seed(what + 1) % 3);
    [calls, tokens(8, 1800), tokens(12, 350), cached, cached / 7, rare(30), rare(34), 700 + seed(40) % 1400]
}

/// What all tenants use in a minute.
pub(crate) fn rows(minute: i64) -> Vec<Row> {
    (0..TENANTS).map(|tenant| row(tenant, minute)).collect()
}
