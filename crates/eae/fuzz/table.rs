#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eae_fuzz::read("table", bytes));
