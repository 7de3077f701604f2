//! Experiments on normalization and batch size: paired arms, intervals, verdicts, reports
