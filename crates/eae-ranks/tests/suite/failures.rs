use std::ops::Range;

use eae_ranks::{Entropy, RankError, Ranks, Rows, Threads, Typed};

/// Rows of which the last one cannot be read.
struct Damaged;

impl Rows for Damaged {
    fn len(&self) -> usize {
        100
    }

    fn dimension(&self) -> usize {
        1
    }

    fn read(&self, rows: Range<usize>) -> Result<Vec<f64>, String> {
        if rows.end == 100 { Err("the file ends early".to_owned()) } else { Ok(rows.map(|row| row as f64).collect()) }
    }
}

#[test]
fn unreadable_rows_of_one_rank_are_an_error_of_all() {
    for result in Threads::run(4, |ranks| Entropy::new(1).estimate(ranks, &Damaged)) {
        assert_eq!(result.unwrap_err().to_string(), "rank 3: the file ends early");
    }
}

#[test]
fn a_panic_of_one_rank_ends_all() {
    let panic = std::panic::catch_unwind(|| {
        Threads::run(3, |ranks| {
            assert!(ranks.rank() != 1, "a bug");
            // Waits for rank 1, which never comes.
            assert!(matches!(ranks.all_gather_one(0_u8), Err(RankError::Lost(_))));
        })
    });
    assert!(panic.is_err());
}

#[test]
fn ranks_that_call_different_methods_are_a_bug() {
    let panic = std::panic::catch_unwind(|| {
        Threads::run(2, |ranks| match ranks.rank() {
            0 => drop(ranks.all_gather(b"x")),
            _ => drop(ranks.all_to_all(vec![Vec::new(); 2])),
        })
    });
    assert!(panic.is_err());
}
