//! Statistics of features over a training set, and the scalers fitted from them
