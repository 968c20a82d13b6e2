//! Reading claims files.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::check::{Best, Check, Compare, Correlation, Importance, LayerTrend, MeanRank, RankingCorrelation};
use super::known::Known;
use super::selection::{Selection, Values};
use super::{Claim, Claims, ClaimsError};

/// A file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClaims {
    #[serde(default)]
    claim: Vec<Spanned<RawClaim>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClaim {
    text: String,
    source: String,
    #[serde(default, rename = "where")]
    about: Selection,
    config: Option<Values>,
    best: Option<Best>,
    compare: Option<Compare>,
    correlation: Option<Correlation>,
    ranking_correlation: Option<RankingCorrelation>,
    mean_rank: Option<MeanRank>,
    layer_trend: Option<LayerTrend>,
    importance: Option<Importance>,
}

impl Claims {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Claims, ClaimsError> {
        let text = std::fs::read_to_string(path).map_err(|error| ClaimsError::Read {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
        Claims::parse(&text, path)
    }

    /// Reads the text of a file; `path` is where it stands: errors name it, and the configs that claims name are
    /// beside it.
    pub fn parse(text: &str, path: &Path) -> Result<Claims, ClaimsError> {
        let error = |offset: usize, problem: String| ClaimsError::Statement {
            place: format!("{}:{}", path.display(), line(text, offset)),
            problem,
        };
        let raw: RawClaims = toml::from_str(text).map_err(|problem| {
            error(problem.span().map_or(0, |span| span.start), problem.message().to_owned())
        })?;
        if raw.claim.is_empty() {
            return Err(error(0, "there are no claims: write a [[claim]] for each".to_owned()));
        }
        let claims = raw.claim.into_iter().map(|claim| {
            let offset = claim.span().start;
            let claim = claim.into_inner();
            let place = format!("{}:{}", path.display(), line(text, offset));
            claim.checked(path, place).map_err(|problem| error(offset, problem))
        });
        Ok(Claims { claims: claims.collect::<Result<_, _>>()?, known: Known::default() })
    }
}

impl RawClaim {
    fn checked(self, path: &Path, place: String) -> Result<Claim, String> {
        let checks = [
            self.best.map(Check::Best),
            self.compare.map(Check::Compare),
            self.correlation.map(Check::Correlation),
            self.ranking_correlation.map(Check::RankingCorrelation),
            self.mean_rank.map(Check::MeanRank),
            self.layer_trend.map(Check::LayerTrend),
            self.importance.map(Check::Importance),
        ];
        let mut checks = checks.into_iter().flatten();
        let (Some(check), None) = (checks.next(), checks.next()) else {
            return Err(
                "a claim has exactly one check: best, compare, correlation, ranking_correlation, mean_rank, \
                        layer_trend or importance"
                    .to_owned(),
            );
        };
        check.validate()?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let configs = self.config.map(|Values(configs)| configs).unwrap_or_default();
        let commands = configs.iter().map(|config| format!("lossnet run {}", folder.join(config).display()));
        let commands = commands.collect();
        Ok(Claim { place, text: self.text, source: self.source, about: self.about, commands, check })
    }
}

/// Line of a position in a text, from 1.
fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
