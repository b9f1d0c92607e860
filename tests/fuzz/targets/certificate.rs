#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wardvoice_fuzz::aggregator::certificate(bytes));
