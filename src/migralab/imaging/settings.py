"""Every threshold of the image analysis, in um or in units of the noise, in one frozen object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisSettings:
    """What `analyse_micrograph` looks for; saved beside every result.

    All values are E (own choices, on rendered images and by eye on published panels) unless said otherwise.

    Parameters
    ----------
    channel
        Number of the channel in which cells, fibres and migrasomes are found.
    psf_sigma_um
        Standard deviation of the point spread function; None measures it on the fibres of the image.
    psf_default_um
        Used where too few fibres are there to measure it, um.
    psf_uncertainty
        Relative standard error of the point spread function; it goes into the error of each diameter.
    optical_section_um
        Standard deviation of the optical section along z, um (0.35: confocal).
    model_error
        Part of the local signal that the sphere model is allowed to miss, added to the variance of a pixel.
    cell_pixel_um
        Bodies are outlined on pixels of at most this size, where the image's are smaller.
    cell_smoothing_um
        Smoothing before the cell body is outlined.
    cell_gap_um
        A body has no dark gap on this length, unlike a bundle of fibres.
    cell_evenness
        A gap is dark when below this part of its surroundings.
    cell_dimmest
        Mean brightness (noise units) of a body over that of the brightest one in the image.
    cell_sigma
        Brightness of a cell body above the background in units of the noise of one pixel.
    cell_thinnest_um
        Processes thinner than this are not cell body.
    cell_smallest_um2
        Smallest area of a cell body.
    cell_margin_um
        Nothing is called a migrasome this close to the outline of a cell body.
    line_width_um, line_length_um
        Standard deviations of the shortest line filter across and along the fibre, um.
    line_doublings
        Each doubling adds a filter 1.8 times as long, joined from two of the one before: 0.4 to 4.2 um.
    false_traces
        False fibre seeds that pure Gaussian noise may start in the whole image; gives the threshold.
    false_attachments
        False fibres that noise may lay at the vesicles of an image, where fibres are looked for from the vesicles.
    line_fine_sigma
        Where the shortest filter sees the usual fibre this well, in units of its noise, finer filters are used too:
        they part fibres that lie close.
    line_floor_sigma
        The threshold is never lower than this (noise of cameras and of compressed panels is not Gaussian).
    line_weakest
        A trace goes on while it is above this part of the threshold.
    line_relative
        A trace is dropped where it is weaker than this part of the image's typical fibre: side lobes, haze.
    line_support
        The shortest filter must see this part of what the best one sees: lines do not go on beyond their end.
    line_shadow, line_shadow_um
        A line weaker than this part of the strongest one within that distance is a shadow of it.
    line_fan
        Nor may it be weaker than this part of the strongest one within 1.2 um, as scored along its best length.
    line_darkest
        A line is cut where its light (noise units) is below this part of its stretch's bright parts.
    line_least_sigma
        Median light of a stretch over the noise of its median; rays of bright objects have less.
    line_faintest
        A line is cut where its light (noise units) is less than this part of the median of all lines.
    gap_um
        Two ends that face each other, or an end and a migrasome or body ahead, are joined over less than this.
    gap_side_um
        An end and the side of a fibre only over less than this: so far off a trace stops beside a stronger one
        (`line_shadow_um`, and a pixel of the scores' 0.2 um).
    spur_um
        Side branches shorter than this are not branches.
    vesicle_spur_um
        Nor is what leaves a vesicle and ends before this, from its rim.
    fibre_shortest_um
        Fibres shorter than this are not reported.
    fibre_lone_um
        Nor are those shorter than this that touch neither a cell nor a migrasome.
    radii_um
        Radii of the sphere templates that look for migrasomes.
    candidate_sigma
        Least evidence for a candidate, in units of the noise of the matched filter.
    excess_least
        Light inside a candidate over that of the fibres that enter it; 1 for a junction without a migrasome.
    roundness_least
        Brightness of the darker side of the rim over the mean inside.
    elongation_most
        Length over width of the light of a measured vesicle. A sphere has 1, those found on nine bench
        images at most 1.26 (C); two beads of a broken fibre, or a bead on its end, have more.
    filling_least
        Brightness of the centre over that of the rim; asked of rings among fibres. Vesicles: 0.46 at 1.27 um
        (Wu 2017 Fig. 1D, D; measurement.md A5).
    filling_most
        The same may not be larger for a wide one: a filled ball has less.
    brightness_least
        Brightness of a candidate's disc or rim over that of the typical fibre of the image.
    contrast_least
        The same for one as small as the blur, which a thick place of a fibre may look like (evidence 3.1).
    diameter_smallest_um, diameter_largest_um
        Size gate (measurement.md A3: 35 % of purified migrasomes are below 0.5 um; culture 0.5-3 um).
    diameter_least_psf
        Nor is a vesicle narrower than this many standard deviations of the point spread function measured.
    diameter_error_largest
        A diameter whose relative standard error is larger was not measured; the object is not counted.
    owner_reach_um
        A vesicle without a way to a cell belongs to the nearest rear within this distance, else to nobody.
    """

    channel: int = 0
    psf_sigma_um: float | None = None
    psf_default_um: float = 0.13
    psf_uncertainty: float = 0.1
    optical_section_um: float = 0.35
    model_error: float = 0.05
    cell_pixel_um: float = 0.3
    cell_smoothing_um: float = 0.15
    cell_gap_um: float = 1.2
    cell_evenness: float = 0.5
    cell_dimmest: float = 0.35
    cell_sigma: float = 1.0
    cell_thinnest_um: float = 4.0
    cell_smallest_um2: float = 80.0
    cell_margin_um: float = 0.4
    line_width_um: float = 0.21
    line_length_um: float = 0.4
    line_doublings: int = 4
    false_traces: float = 0.5
    false_attachments: float = 0.2
    line_fine_sigma: float = 10.0
    line_floor_sigma: float = 5.5
    line_weakest: float = 0.75
    line_relative: float = 0.25
    line_support: float = 0.5
    line_shadow: float = 0.35
    line_shadow_um: float = 0.45
    line_fan: float = 0.3
    line_darkest: float = 0.4
    line_least_sigma: float = 3.5
    line_faintest: float = 0.15
    gap_um: float = 1.2
    gap_side_um: float = 0.65
    spur_um: float = 0.5
    vesicle_spur_um: float = 1.5
    fibre_shortest_um: float = 1.0
    fibre_lone_um: float = 3.0
    radii_um: tuple[float, ...] = (0.15, 0.2, 0.27, 0.36, 0.47, 0.6, 0.77, 0.98, 1.25, 1.6)
    candidate_sigma: float = 8.0
    excess_least: float = 1.6
    roundness_least: float = 0.6
    elongation_most: float = 1.35
    filling_least: float = 0.1
    filling_most: float = 2.5
    brightness_least: float = 0.5
    contrast_least: float = 1.5
    diameter_smallest_um: float = 0.3
    diameter_largest_um: float = 3.5
    diameter_least_psf: float = 2.0
    diameter_error_largest: float = 0.35
    owner_reach_um: float = 60.0
