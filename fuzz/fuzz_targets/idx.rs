#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    smallbatch_fuzz::read("idx", bytes);
});
