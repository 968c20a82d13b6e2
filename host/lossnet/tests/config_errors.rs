//! Whatever is wrong with a config is said in one sentence that names where, what and the nearest valid.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use config_fixture::{COMPLETE, Configs, plan, swept};

/// Each config lacks nothing but has this line added to it, and gives this error.
#[test]
fn each_mistake_has_its_sentence() {
    let cases = [
        (
            "[runs]\ndevice = \"cpu\"",
            "test.toml:10: `runs.device` is in an unknown section; did you mean `run`?",
        ),
        (
            "[run]\ndevise = \"cpu\"",
            "test.toml:10: `run.devise` is not a setting of [run]; did you mean `device`?",
        ),
        (
            "[run]\ndevice = \"gpu\"",
            "test.toml:10: `run.device` must be `auto`, `cpu`, `cuda` or `cuda:N`, not `gpu`",
        ),
        (
            "[run]\nbatch_size = 0",
            "test.toml:10: `run.batch_size` must be a whole number from 1 to 1000000, not 0",
        ),
        (
            "[run]\nbatch_size = 1.5",
            "test.toml:10: `run.batch_size` must be a whole number from 1 to 1000000, not 1.5",
        ),
        ("[run]\nseed = -1", "test.toml:10: `run.seed` must be a whole number, 0 or more, not -1"),
        (
            "[run]\noffline = \"yes\"",
            "test.toml:10: `run.offline` must be true or false, not the text \"yes\"",
        ),
        (
            "[run]\nprecision = \"fp16\"",
            "test.toml:10: `run.precision` must be `fp32`, `tf32` or `bf16`, not `fp16`",
        ),
        (
            "[experiment]\nname = \"a/b\"",
            "test.toml:10: `experiment.name` must be a folder's name of at most 100 letters, digits, `.`, `_` and `-` \
             that does not start with `.`, not `a/b`",
        ),
        (
            "[experiment]\nrepetitions = 0",
            "test.toml:10: `experiment.repetitions` must be a whole number from 1 to 10000, not 0",
        ),
        (
            "[run]\nseed = 99999999999999999999",
            "test.toml:10: `run.seed` is too large a whole number: 99999999999999999999; the largest is 9223372036854775807",
        ),
        (
            "[executor.local]\ndevices = [\"cuda:0\", \"gpu\"]",
            "test.toml:10: `executor.local.devices` must be a list; each `cpu`, `cuda` or `cuda:N`, not `gpu`",
        ),
        (
            "[extends]\nfile = \"base.toml\"",
            "test.toml:10: `extends.file` is not a setting: `extends` names other files, at the top of a config file and nowhere \
             else; name several files on the command line to put them on top of each other",
        ),
        (
            "run = 3",
            "test.toml:9: `data.run` is not a setting of [data] with the dataset `bapps`; valid are `triplets`, `packed`, `name`, `splits`, `folder`, `limit`",
        ),
        (
            "size = 3",
            "test.toml:9: `data.size` is not a setting of [data] with the dataset `bapps`; valid are `triplets`, `packed`, `name`, `splits`, `folder`, `limit`",
        ),
        ("limit = 0", "test.toml:9: `data.limit` must be a whole number, 1 or more, not 0"),
        ("triplets = 0", "test.toml:9: `data.triplets` must be a whole number, 1 or more, not 0"),
        (
            "splits = [\"vla\"]",
            "test.toml:9: `data.splits` names the split `vla`, and `bapps` has train, train/cnn, val, val/cnn, val/color, \
             jnd, jnd/cnn, jnd/traditional; did you mean `val`?",
        ),
        (
            "[executor.slrum]\npartition = \"a\"",
            "test.toml:10: `executor.slrum` names an unknown executor; did you mean `slurm`?",
        ),
        (
            "[executor]\nslurm = 3",
            "test.toml:10: `executor.slurm` is not a section; write settings in sections such as [executor.slurm]",
        ),
        (
            "[trackers.dairy]\nfolder = \"a\"",
            "test.toml:10: [trackers.dairy]: no tracker is named `dairy`: did you mean `diary`? (there is `diary`; looked in plugins)",
        ),
        (
            "[trackers.diary]\nfolders = \"a\"",
            "test.toml:10: `trackers.diary.folders` is not a setting of [trackers.diary] with the tracker `diary`; did you mean `folder`?",
        ),
        (
            "[trackers.diary]\nenabled = \"no\"",
            "test.toml:10: `trackers.diary.enabled` must be true or false, not the text \"no\"",
        ),
        ("splits = []", "test.toml:9: `data.splits` must name a split at least"),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .map(|(line, sentence)| (plan(&format!("{COMPLETE}{line}")).unwrap_err(), sentence))
        .filter(|(said, sentence)| said != sentence)
        .map(|(said, sentence)| format!("said: {said}\nwant: {sentence}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn settings_from_a_shell_are_named_as_they_were_given() {
    let cases = [
        (
            "loss_network.backbone=vgg-16",
            "`loss_network.backbone`: no backbone is named `vgg-16`: did you mean `vgg16`? \
             (there are 16, see `lossnet list backbones`; looked in plugins)",
        ),
        (
            "loss_network.backbone=paper",
            "`loss_network.backbone` is `paper`, which makes cells of each of the paper's networks; write \
             `\"loss_network.backbone\" = \"paper\"` under [sweep]",
        ),
        (
            "run.seed=99999999999999999999",
            "`run.seed` must be a whole number from 0 to 9223372036854775807, not 99999999999999999999",
        ),
        (
            "run.batch_size=99999999999999999999",
            "`run.batch_size` must be a whole number from 1 to 1000000, not 99999999999999999999",
        ),
        (
            "executor.local.devices=cpu,gpu",
            "`executor.local.devices` must be a list; each `cpu`, `cuda` or `cuda:N`, not `gpu`",
        ),
        (
            "extends=base.toml",
            "`extends` is not a setting: `extends` names other files, at the top of a config file and nowhere else; name several \
             files on the command line to put them on top of each other",
        ),
        (
            "loss_network.layers=13",
            "`loss_network.layers` names layer 13, and `alexnet` has layers 0 to 12; `\"paper\"`, `\"each\"` and `{ depths = [0.25, 0.5, 0.75, 1] }` suit networks of any depth",
        ),
        (
            "loss_network.layers=features.99",
            "`loss_network.layers` names `features.99`, and `alexnet` has no such layer; did you mean `features.0`? `lossnet show backbone alexnet` lists them",
        ),
        ("loss_network.layers=1,features.1", "`loss_network.layers` names the layer `features.1` twice"),
        (
            "loss_network.layers=[]",
            "`loss_network.layers` names no layer; name indices, dotted names, `paper` or `all`",
        ),
        (
            "loss_network.layers=[1.5]",
            "`loss_network.layers` has 1.5 in it; name indices, dotted names, `paper` or `all`",
        ),
        (
            "loss_network.layers=each",
            "`loss_network.layers` is `each`, which makes a cell of each layer; write `\"loss_network.layers\" = \"each\"` under [sweep]",
        ),
        (
            "loss_network.comparison=spatial+sorted",
            "`loss_network.comparison`: no comparison is named `sorted`: did you mean `sort`? (there are `mean`, `sort`, `spatial`; looked in plugins)",
        ),
        ("loss_network.comparison=sort+sort", "`loss_network.comparison` adds `sort` up with itself"),
        (
            "loss_network.epsilon=lpip",
            "`loss_network.epsilon` must be `f-normalize` or `lpips`, not `lpip`; did you mean `lpips`?",
        ),
        (
            "loss_network.layer=1",
            "`loss_network.layer` is not a setting of [loss_network] with the comparison `spatial`; did you mean `layers`?",
        ),
        ("loss_network.channel_norm=1", "`loss_network.channel_norm` must be true or false, not 1"),
        (
            "loss_network.weights=random:x",
            "`loss_network.weights` must be `imagenet`, an entry's name, a file, or `random:SEED` with a whole number as SEED, not `random:x`",
        ),
        (
            "loss_network.weights=IMAGENET1K_V3",
            "`loss_network.weights` is `IMAGENET1K_V3`, and `alexnet` has the weights IMAGENET1K_V1, IMAGENET1K_V2; \
             did you mean `IMAGENET1K_V1`, `IMAGENET1K_V2` or `imagenet`?",
        ),
        (
            "loss_network.weights=none/a.pth",
            "`loss_network.weights` names the file `none/a.pth` (HERE/none/a.pth), which does not exist",
        ),
        (
            "loss_network.normalize=0.5,0.5/1,1,0",
            "`loss_network.normalize` must be `imagenet`, `none`, `published-lpips`, or three means and three deviations \
             above 0 as `m,m,m/s,s,s`, not `0.5,0.5/1,1,0`",
        ),
        (
            "loss_network.backbone_config.width=5",
            "`loss_network.backbone_config.width` must be a number above 0.0 and at most 4.0, not 5.0",
        ),
        (
            "loss_network.backbone_config.depth=5",
            "`loss_network.backbone_config.depth` is not a setting of [loss_network.backbone_config] with the backbone `alexnet`; valid are `width`",
        ),
        (
            "loss_network.calibration=none/c.pth",
            "`loss_network.calibration` names the file `none/c.pth` (HERE/none/c.pth), which does not exist; give a .pth or .safetensors file \
             with weights for each layer, or leave the key out to weight all channels alike",
        ),
        (
            "loss_network.calibration=tests",
            "`loss_network.calibration` names `tests` (HERE/tests), which is not a file; give a .pth or .safetensors file \
             with weights for each layer, or leave the key out to weight all channels alike",
        ),
        (
            "task.optimizer.betas=[]",
            "`task.optimizer.betas` is an empty list, and must have 2 elements at least",
        ),
        ("task.optimizer.betas=[1, 2, 3]", "`task.optimizer.betas` has 3 elements, and may have 2 at most"),
        ("task.optimizer.report_every=7", "`task.optimizer.report_every` must be a multiple of 5, not 7"),
        (
            "data={name=\"drawn\", folder=\"a\"}",
            "`data.folder` is set, and the dataset `drawn` makes its samples itself: it reads no folder; remove it, or take \
             another dataset, such as `image-folder`",
        ),
        ("task.dropout=1.5", "`task.dropout` must be a number from 0.0 to 1.0, not 1.5"),
        ("task.epochs=many", "`task.epochs` must be a whole number, 0 or more, not the text \"many\""),
        (
            "task.variant=line",
            "`task.variant` must be `baseline`, `lin`, `tune` or `scratch`, not `line`; did you mean `lin` or `baseline`?",
        ),
        (
            "task.optimizer.rat=1",
            "`task.optimizer.rat` is not a setting of the task `metric`; did you mean `rate`?",
        ),
        ("task.optimizer.betas=[1, \"x\"]", "`task.optimizer.betas.1` must be a number, not the text \"x\""),
        (
            "data.name=digits",
            "the samples of `digits` have image, label, and the task `metric` needs ref, p0, p1, judge; take another dataset",
        ),
        ("sweep.run.device=[\"cpu\"]", "`sweep.run.device` can't be swept: it does not change a result"),
        (
            "sweep.task.variant=lin",
            "`sweep.task.variant` must be a list of values; write `[…]` around them, or a range such as `{ from = 1, to = 5 }`",
        ),
        ("sweep.task.variant=[]", "`sweep.task.variant` has no values"),
        (
            "sweep.layers=[1]",
            "`sweep.layers` is nothing that can be swept; did you mean `loss_network.layers`?",
        ),
        ("nothing", "no key and value; write -s key=value, such as -s run.device=cpu"),
        ("run=cpu", "`run` is a section: write its settings below it"),
    ];
    let configs = Configs::new(&[("test.toml", COMPLETE)]);
    let wrong: Vec<String> = cases
        .into_iter()
        .map(|(setting, problem)| {
            let said = configs.plan("test.toml", &[], &[setting]).unwrap_err();
            let here = std::env::current_dir().unwrap();
            let problem = problem.replace("HERE", here.to_str().unwrap());
            (said, format!("-s {setting}: {problem}"))
        })
        .filter(|(said, sentence)| said != sentence)
        .map(|(said, sentence)| format!("said: {said}\nwant: {sentence}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let configs = Configs::new(&[("test.toml", COMPLETE)]);
    assert_eq!(
        configs
            .plan("test.toml", &[("LOSSNET__RUN__SEED", "no"), ("OTHER__RUN__SEED", "no")], &[])
            .unwrap_err(),
        "environment variable LOSSNET__RUN__SEED: `run.seed` must be a whole number, 0 or more, not the text \"no\""
    );
}

#[test]
fn values_of_a_sweep_are_named_by_their_own_line() {
    let sweep =
        "[sweep]\nloss_network.layers = [\n  1,\n  99,\n  [1, 98],\n]\ntask.variant = [\"lin\", \"line\"]";
    assert_eq!(
        plan(&swept(sweep)).unwrap_err(),
        "test.toml:15: `task.variant` must be `baseline`, `lin`, `tune` or `scratch`, not `line`; did you mean `lin` or `baseline`?\n\
         test.toml:12: `loss_network.layers` names layer 99, and `alexnet` has layers 0 to 12; `\"paper\"`, `\"each\"` and `{ depths = [0.25, 0.5, 0.75, 1] }` suit networks of any depth\n\
         test.toml:13: `loss_network.layers` names layer 98, and `alexnet` has layers 0 to 12; `\"paper\"`, `\"each\"` and `{ depths = [0.25, 0.5, 0.75, 1] }` suit networks of any depth"
    );
}

#[test]
fn everything_that_is_wrong_is_told_once() {
    let text = "[task]\nname = \"metrics\"\n[loss_network]\nlayers = [1]\nbackbone = \"alexnet\"\nnormalise = \"none\"\n\
                [data]\nname = \"baps\"\n[run]\nseed = true\n[sweep]\nrun.precision = [\"fp32\", \"bf16\"]";
    let error = plan(text).unwrap_err();
    let keys: Vec<&str> = error.lines().filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(keys, ["task.name", "loss_network.normalise", "data.name", "run.seed"], "{error}");

    let many: Vec<String> = (0..13).map(|number| format!("wrong{number} = 1\n")).collect();
    let many = many.concat();
    let error = plan(&format!("{COMPLETE}[run]\n{many}")).unwrap_err();
    assert_eq!(error.lines().count(), 11);
    assert!(error.ends_with("\nand 3 more"), "{error}");
}

#[test]
fn a_mistake_that_several_networks_meet_is_told_for_the_first() {
    let sweep = "[sweep]\nloss_network.backbone = \"paper\"\nloss_network.layers = [50]";
    let said = plan(&swept(sweep)).unwrap_err();
    assert_eq!(
        said,
        "test.toml:11: `loss_network.layers` names layer 50, and `alexnet` has layers 0 to 12; `\"paper\"`, `\"each\"` and `{ depths = [0.25, 0.5, 0.75, 1] }` suit networks of any depth"
    );
}

#[test]
fn what_is_missing_is_asked_for() {
    let error = plan("").unwrap_err();
    let keys: Vec<&str> = error.lines().filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(keys, ["task.name", "loss_network.backbone", "data.name"], "{error}");
    assert!(
        error.contains("`task.name` is not set; write `name = …` under [task], or -s task.name=…"),
        "{error}"
    );
}

#[test]
fn a_typing_mistake_in_a_required_key_is_named_and_not_its_consequence() {
    for (sweep, error) in [
        (
            "[sweep]\n\"loss_network.backbon\" = [\"alexnet\", \"vgg16\"]",
            "test.toml:10: `loss_network.backbone` is not set, but `loss_network.backbon` is; did you mean \
             `loss_network.backbone`?",
        ),
        (
            "[sweep]\n\"loss_network.backbone\" = \"alexnet\"",
            "test.toml:10: `sweep.loss_network.backbone` must be a list of values; write `[…]` around them, or a range such as `{ from = 1, to = 5 }`",
        ),
        (
            "[sweep]\nbackbone = [\"alexnet\"]",
            "test.toml:10: `sweep.backbone` is nothing that can be swept; did you mean `loss_network.backbone` or \
             `loss_network.backbone_config`?",
        ),
        (
            "[[sweep.zip]]\nloss_network.backbone = [\"alexnet\", \"vgg16\"]\nrun.seed = [1]",
            "test.toml:9: `sweep.zip` pairs lists of different lengths: `loss_network.backbone` has 2 values, `run.seed` 1 \
             value; give each key as many",
        ),
        (
            "[sweep.a]\nset = { loss_network.backbone = \"alexnet\", run.devic = 3 }",
            "test.toml:10: `sweep.a.set.run.devic` is not a setting of [run]; did you mean `device`?",
        ),
    ] {
        let without = COMPLETE.replace("backbone = \"alexnet\"", "");
        assert_eq!(plan(&format!("{without}{sweep}")).unwrap_err(), error);
    }
    assert_eq!(
        plan(&COMPLETE.replace("layers = [1]", "layer = [1]")).unwrap_err(),
        "test.toml:6: `loss_network.layer` is not a setting of [loss_network] with the comparison `spatial`; did you mean `layers`?"
    );
    for (name, wrong) in [("metric", "task"), ("bapps", "data")] {
        let text = COMPLETE.replace(&format!("name = \"{name}\""), &format!("nam = \"{name}\""));
        let said = plan(&text).unwrap_err();
        let sentence =
            format!("`{wrong}.name` is not set, but `{wrong}.nam` is; did you mean `{wrong}.name`?");
        assert!(said.lines().count() == 1 && said.ends_with(&sentence), "{said}");
    }
    // What else is wrong in the section is told, too.
    let both =
        COMPLETE.replace("backbone", "backbon").replace("layers = [1]", "layers = [1]\nnormalise = \"none\"");
    let error = plan(&both).unwrap_err();
    let keys: Vec<&str> = error.lines().filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(keys, ["loss_network.backbone", "loss_network.normalise"], "{error}");
}

#[test]
fn the_name_that_a_file_gives_its_experiment_is_checked_as_any_other() {
    let long = format!("{}.toml", "a".repeat(101));
    let names = [".hid.toml", "é b;c.toml", &long];
    let configs = Configs::new(&names.map(|name| (name, COMPLETE)));
    for name in names {
        let stem = name.strip_suffix(".toml").unwrap();
        assert_eq!(
            configs.plan(name, &[], &[]).unwrap_err(),
            format!(
                "{name}: `experiment.name` is the file's name where it is not set, and must be a folder's name of at most 100 \
                 letters, digits, `.`, `_` and `-` that does not start with `.`, not `{stem}`; write `name = …` under \
                 [experiment], or -s experiment.name=…"
            )
        );
        assert_eq!(configs.plan(name, &[], &["experiment.name=b"]).unwrap().experiment, "b");
    }
}

#[test]
fn files_that_are_no_configs_are_named() {
    let configs = Configs::new(&[
        ("broken.toml", "[task]\nname = metric\n"),
        ("twice.toml", "[task]\nname = \"a\"\nname = \"b\"\n"),
        ("lost.toml", "extends = \"nowhere.toml\"\n"),
        ("odd.toml", "extends = [3]\n"),
        ("a.toml", "extends = \"b.toml\"\n"),
        ("b.toml", "\nextends = \"a.toml\"\n"),
        ("infinite.toml", "[task]\ndropout = inf\n"),
    ]);
    let error = |name: &str| configs.plan(name, &[], &[]).unwrap_err();
    assert!(
        error("broken.toml").starts_with("broken.toml:2: this is not valid TOML: "),
        "{}",
        error("broken.toml")
    );
    assert!(
        error("twice.toml").starts_with("twice.toml:3: this is not valid TOML: duplicate key"),
        "{}",
        error("twice.toml")
    );
    assert_eq!(
        error("lost.toml"),
        "lost.toml:1: the config nowhere.toml can't be read: No such file or directory (os error 2)"
    );
    assert_eq!(error("odd.toml"), "odd.toml:1: `extends` can't be 3; give a file or a list of files");
    assert_eq!(
        error("a.toml"),
        "b.toml:2: `extends` goes round in a circle: a.toml → b.toml → a.toml; remove one of them"
    );
    assert_eq!(error("infinite.toml"), "infinite.toml:2: `task.dropout` must be finite, not inf");
    assert_eq!(
        error("absent.toml"),
        "absent.toml: the config can't be read: No such file or directory (os error 2)"
    );
    std::fs::create_dir(configs.path("folder.toml")).unwrap();
    assert_eq!(
        error("folder.toml"),
        "folder.toml: the config can't be read: it is a folder; name a TOML file"
    );
    std::fs::write(configs.path("latin.toml"), b"[task]\n# \xe9\n").unwrap();
    assert_eq!(error("latin.toml"), "latin.toml:2: this is not text in UTF-8; save the file as UTF-8");
    std::fs::write(configs.path("lost-too.toml"), "extends = [\"base\",\n\"latin.toml\"]").unwrap();
    assert_eq!(
        error("lost-too.toml"),
        "lost-too.toml:1: the config base can't be read: No such file or directory (os error 2)\n\
         latin.toml:2: this is not text in UTF-8; save the file as UTF-8"
    );
}
