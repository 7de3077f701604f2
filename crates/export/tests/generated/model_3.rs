// A model that predicts "what (is predicted) */" from "length", "2nd", "class", "a \"quoted\" \\ name".
// Written by `smallbatch export --rust`: do not change it, but write it anew. It needs the crate `smallbatch-predict`:
//
//     let mut row = MODEL.row();
//     row.set(name, value)?;
//     let prediction = MODEL.predict(&row)?;

use smallbatch_predict as predict;

/// Predicts "what (is predicted) */".
#[rustfmt::skip]
#[allow(unreachable_pub, clippy::all, clippy::excessive_precision, clippy::unreadable_literal, clippy::approx_constant)]
pub static MODEL: predict::Model = predict::Model {
target: predict::Text::Borrowed("what (is predicted) */"),
classes: predict::List::Borrowed(&[predict::Text::Borrowed("no"),
predict::Text::Borrowed("yes \"or\" so"),
predict::Text::Borrowed("Ü\n")]),
columns: predict::List::Borrowed(&[predict::Column { name: predict::Text::Borrowed("length"), kind: predict::Kind::Date { earliest: 17801.0 }, had_missing: false },
predict::Column { name: predict::Text::Borrowed("size (m²)"), kind: predict::Kind::Constant { value: predict::Text::Borrowed("always") }, had_missing: false },
predict::Column { name: predict::Text::Borrowed("2nd"), kind: predict::Kind::Number { range: None }, had_missing: false },
predict::Column { name: predict::Text::Borrowed("class"), kind: predict::Kind::Boolean, had_missing: true },
predict::Column { name: predict::Text::Borrowed("a \"quoted\" \\ name"), kind: predict::Kind::Category { levels: predict::List::Borrowed(&[predict::Text::Borrowed("a"),
predict::Text::Borrowed("b c")]) }, had_missing: true }]),
members: predict::List::Borrowed(&[predict::ModelMember {
features: predict::List::Borrowed(&[predict::Feature::Number { column: 0, part: Some(predict::DatePart::Trend), fill: 0.3968722908026938 },
predict::Feature::Mean { column: 0, part: Some(predict::DatePart::Month), means: predict::List::Borrowed(&[-0.3279988069203583, 0.4347682364276586, 0.597780515617178, -0.3878916525861167, -0.7921891585782268, -0.6539497631782893, 0.17598642358054506, 0.6388503117271191,
0.8714004963985895, 0.3392894266137114, -0.617792165277443, 0.2448704703972504, 0.7802779905578123]) },
predict::Feature::Mean { column: 0, part: Some(predict::DatePart::Weekday), means: predict::List::Borrowed(&[-0.7581313829309861, 0.282436589521355, 0.7438615992989004, 0.39032412183468423, 0.4492082027485269, -0.6219756212102239, 0.7976118520520323, -0.1433613166817458]) },
predict::Feature::Mean { column: 0, part: Some(predict::DatePart::Hour), means: predict::List::Borrowed(&[-0.053144306447458156, 0.339217132431074, -0.24326969921312358, -0.26062166047070945, -0.6855620064876335, 0.01600293044857537, 0.41350247764647685, 0.7126257793017543,
-0.36529212351209805, 0.14612625087095998, 0.7890730778331967, -0.9653186318323732, 0.08983318828549036, -0.6897481354705601, 0.36862638127595293, 0.39368481693812574,
0.06850195380957813, 0.08097318863168157, -0.16894846746978853, -0.1449167895582668, -0.7059208844985334, 0.3370579639727662, 0.19483830684779568, -0.25983393213323946,
-0.31929411247237316]) },
predict::Feature::Number { column: 2, part: None, fill: -0.6085913087489727 },
predict::Feature::Number { column: 3, part: None, fill: -0.16939348962227596 },
predict::Feature::Is { column: 4, part: None, code: Some(0) },
predict::Feature::Is { column: 4, part: None, code: Some(1) },
predict::Feature::Is { column: 4, part: None, code: None },
predict::Feature::IsOther { column: 4, part: None, codes: predict::List::Borrowed(&[0, 1]) }]),
scaling: predict::FeatureScaling::PerSample,
network: predict::Network {
layers: predict::List::Borrowed(&[predict::Layer { weights: predict::List::Borrowed(&[-0.7334264, 0.3800302, 0.2143544, -0.8104284, -0.53801894, 0.25846368, -0.69226205, 0.7375414,
-0.016957799, 0.73718274, 0.37650612, 0.4020259, -0.037635207, -0.311167, 0.41245738, 0.5671044,
-0.36798632, -0.7515366, -0.6203912, 0.16695538, 0.60606664, 0.8266831, 0.32187822, -0.58608913,
0.23230453, 0.7402367, -0.5392531, -0.7192266, 0.26794288, 0.7056891, 0.37029397, 0.4261563,
-0.5900579, 0.756681, -0.1360045, -0.54643327, -0.050417118, 0.32180962, -0.2307859, -0.24724741,
-0.6503812, 0.015181713, 0.3922829, 0.67605615, -0.34654653, 0.13862753, 0.74858046, -0.9157817,
0.08522324, -0.65435255]),
bias: predict::List::Borrowed(&[0.1843132, 0.1968424, 0.03425098, 0.040486593, -0.084474236]) },
predict::Layer { weights: predict::List::Borrowed(&[-0.19442627, -0.94709224, 0.45221072, 0.26140302, -0.3486038, -0.42837802, -0.8165109, 1.0280278,
-0.22726521, 0.024164481, -0.33368823, 0.044058066, 1.0142093, 0.59930104, -0.15676028]),
bias: predict::List::Borrowed(&[-0.19693914, -0.4404852, 0.060142737]) }]),
activation: predict::HiddenActivation::Identity,
},
output: predict::Output::Probabilities,
}]),
errors: None,
};
