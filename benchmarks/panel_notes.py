"""Which pictures are looked at, and what is right and wrong in their overlays (read off them by a program's eye)."""

from __future__ import annotations

ASSUMED_UM = 0.33  # of panels whose source gives no scale
TUNED_ON = ("zhao2019_figS1a", "zhao2019_figS3b_05", "chen2019_fig1d_GA", "chen2019_fig1f_10")
_HOURS = ("0p5h", "1p0h", "1p5h", "2p0h", "2p5h", "3p0h", "3p5h", "4p0h")
_DOSES = ("PBS", "0p1", "1", "10", "20")
_STAINED = ("NDST1", "PIGK", "CPQ", "EOGT")
PANELS = (
    "chen2019_fig1d_GA", "chen2019_fig1d_MeOH", "chen2019_fig1d_PFA",
    *(f"chen2019_fig1e_{hour}" for hour in _HOURS),
    *(f"chen2019_fig1f_{dose}" for dose in _DOSES),
    "zhao2019_figS1a", *(f"zhao2019_figS3b_{number:02d}" for number in range(1, 7)),
    *(f"zhao2019_fig1g_{marker}_{what}" for marker in _STAINED for what in ("TSPAN4GFP", "marker", "merge")),
    "wu2017_fig1D",
)  # fmt: skip
CONTROLS = (
    "turku_mcf7", "ndev_neuron", "ndev_scratch_assay", "stardist_nuclei", "trackpy_beads_000",
    "zhao2019_fig1a_TEM", "zhao2019_fig1b_migrasome", "zhao2019_fig1b_exosomes", "exosome_TEM",
)  # fmt: skip
_SPECKLE = (
    "Noise of an antibody stain: spots on TSPAN4 vesicles are real, circles, points and lines elsewhere lie on speckle."
)
_MERGE = "As its TSPAN4 panel: one colour of a merge is measured."
_FILM = (
    "Cell, long fibres and most rings on them are right. False: an out-of-focus disc called free (lower middle, in "
    "six of eight), body pieces of the small round cell called vesicles, the trunk of the bright branched thing at "
    "the right called one (in four of eight), debris at the lower right traced as fibre stubs. Missed: dim dots, one "
    "of some pairs. The branched thing, perhaps what a cell left, counts as fibres."
)
JUDGED: dict[str, str] = {
    "chen2019_fig1d_GA": (
        "Bodies, thick fibres and most vesicles right; dim long fibres hardly traced; the combs of fibres at both "
        "cells in the middle are drawn as nets; outlines under masks are invented; a large bright ring at the right "
        "is traced as a loop of fibres. In neither label set: 19 of 88, seven of them dim dots called free, the "
        "others on fibres, forks and ends."
    ),
    "chen2019_fig1d_MeOH": (
        "Fibres right; beads of broken fibres are sized, 19 more are points; two finds sit on a piece of body at the "
        "left border; combs of fibres by the cells are drawn as nets, with two false junctions."
    ),
    "chen2019_fig1d_PFA": (
        "Vesicles and fibres of the cell right; about 20 short lines on bare ground to the right and below are "
        "false, from correlated noise, and three dim circles at the right with them."
    ),
    **{f"chen2019_fig1e_{hour}": _FILM for hour in _HOURS},
    "chen2019_fig1e_2p5h": "As 0p5h without the disc, and ground between fibres is taken for bodies.",
    "chen2019_fig1f_PBS": (
        "Body and its fibres right, far fibres followed in pieces. Of three finds one is a bulge at the edge of the "
        "body, one is debris at the lower border, and one a dim dot on a far fibre."
    ),
    "chen2019_fig1f_0p1": (
        "Two of six finds are ends of the body's processes; the other four are spots at the upper right, three of "
        "them called free since their fibres are missed; the dim fibre network at the right is missed nearly whole, "
        "most of its vesicles with it."
    ),
    "chen2019_fig1f_1": (
        "Most finds are right but called free, since their dim fibres are missed; about as many dim ones are missed. "
        "False: the end of a process of the body, and two dim specks at the right."
    ),
    "chen2019_fig1f_10": (
        "Large vesicles right; some small ones are points or missed (three to four pixels wide); dim fibres break "
        "into Y-shaped pieces. In neither label set: a bulge at the lower edge of the body, a fibre's end, a circle "
        "beside its spot."
    ),
    "chen2019_fig1f_20": (
        "Vesicles in the tail right; fibres around the body right, far ones in pieces; one find at the left is a "
        "short rod; some spots at the upper and right border are missed."
    ),
    "zhao2019_figS1a": (
        "All large rings right, tail traced; small ones are points; debris at the upper left and right is traced as "
        "fibres with stubs. In neither label set: two circles on a fork of fibres by the body, and a bend. One of a "
        "touching pair is missed."
    ),
    "zhao2019_figS3b_01": _MERGE,
    "zhao2019_figS3b_02": (
        "Most circles that are drawn are right; one is a fork of fibres and too wide, one lies on the edge of a "
        "larger ring, one is too small for its spindle; about ten clear rings are missed, and a third of the fibres; "
        "lines side by side make some shafts junctions."
    ),
    "zhao2019_figS3b_03": (
        "PIGK: all bright round discs right, the bright spindle is left out; faint discs and one speck called too; "
        "fibres hardly labelled, so free says nothing."
    ),
    "zhao2019_figS3b_04": _MERGE,
    "zhao2019_figS3b_05": (
        "Fibres right with false bridges between parallel ones; six clear swellings missed, one circle too wide and "
        "placed off its swelling; half are called junctions since neighbours touch."
    ),
    "zhao2019_figS3b_06": (
        "CPQ: round bright spots right, nearly half of all as points; long and bent ones left out; most lines "
        "between them are false."
    ),
    "zhao2019_fig1g_NDST1_TSPAN4GFP": (
        "Bright tree right; two large vesicles on it missed; the thin net in the background is half real; three of "
        "seven circles are forks or a piece of fibre."
    ),
    "zhao2019_fig1g_PIGK_TSPAN4GFP": (
        "All large rings right, but one circle is twice too wide; between them beaded fibres give false joins; six "
        "small or dim circles lie on fibre or speckle."
    ),
    "zhao2019_fig1g_CPQ_TSPAN4GFP": (
        "Twelve clear vesicles right; false: edge of the body; missed: one of a touching pair; half of the broken "
        "fibres untraced, so free (three) says little."
    ),
    "zhao2019_fig1g_EOGT_TSPAN4GFP": (
        "Vesicles right but one at the right border, missed; small ones as points; lines loop around vesicles and "
        "bend from dot to dot; two straight ones at the upper right lie on bare ground."
    ),
    **{f"zhao2019_fig1g_{marker}_marker": _SPECKLE for marker in _STAINED},
    **{f"zhao2019_fig1g_{marker}_merge": _MERGE for marker in _STAINED},
    "wu2017_fig1D": (
        "Wrong use: gaps between pictures are taken for fibres, and a white border for a cell. Cut into its "
        "pictures it works (growth table)."
    ),
    "turku_mcf7": "Filopodia are traced as fibres of the cell; no vesicle called.",
    "ndev_neuron": ("No vesicle called; the soma is no cell here, and lines are traced inside it: false."),
    "stardist_nuclei": ("No vesicle called; two thirds of the nuclei are bodies, touching ones as one."),
    "trackpy_beads_000": (
        "Wrong use: dark on light. Bright gaps between beads are called fibres and vesicles, and nothing says "
        "that the picture is of another kind."
    ),
}
